/** Test support without a dependency on any other uring module. */
@org.jspecify.annotations.NullMarked
module io.uring.testkit {
    requires transitive org.junit.jupiter.api;
    // Only for those whose tests use Netty.
    requires static io.netty.buffer;
    requires static io.netty.common;
    requires static org.jspecify;

    exports io.uring.testkit;
}
