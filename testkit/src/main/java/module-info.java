/** Test support without a dependency on any other uring module. */
@org.jspecify.annotations.NullMarked
module io.uring.testkit {
    requires transitive org.junit.jupiter.api;
    requires static org.jspecify;

    exports io.uring.testkit;
}
