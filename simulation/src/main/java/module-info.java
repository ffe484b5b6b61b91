/**
 * A kernel in memory, for tests: deterministic by seed, and as hostile as Linux is allowed to be.
 */
@org.jspecify.annotations.NullMarked
module io.uring.simulation {
    requires static org.jspecify;
    requires transitive io.uring.ring;

    exports io.uring.simulation;
}
