/** Completions become callbacks on one thread, whoever owns that thread. */
@org.jspecify.annotations.NullMarked
module io.uring.reactor {
    requires static jdk.jfr;
    requires static org.jspecify;
    requires transitive io.uring.ring;

    exports io.uring.reactor;
}
