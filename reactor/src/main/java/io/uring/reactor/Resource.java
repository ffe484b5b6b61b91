package io.uring.reactor;

/**
 * Something with operations on a loop that must end before the loop can: a socket, a listener. All
 * methods are called on the loop.
 *
 * <pre>{@code
 * final class Wait extends Operation implements Resource { // reactor.attach(wait) when it begins
 *     protected void prepare(Sqe sqe) { PollOps.poll(sqe, descriptor, events); }
 *     protected void complete(int result, int flags) { reactor.detach(this); }
 *     public void shutdown() { reactor.cancel(this); }
 * }
 * }</pre>
 */
public interface Resource {
    /**
     * The loop or the server will end soon: take nothing new, tell whoever can make an end. What is
     * still attached when the time is over is {@linkplain #shutdown shut down}. Called at most
     * once, on the loop; by default nothing.
     */
    default void stop() {}

    /**
     * The loop closes: cancel what is pending, and {@linkplain Reactor#detach detach} once all of
     * it has completed. Called once, on the loop.
     */
    void shutdown();

    /**
     * Something on the loop found no memory, and there may be some now: whatever tried to end and
     * could not goes on. Called again and again, for a bounded time, until nothing of the loop
     * throws {@link OutOfMemoryError} any more. On the loop; by default nothing.
     */
    default void retryEnd() {}

    /**
     * The loop's ring has failed, and no operation of it will ever complete: give descriptors back,
     * tell whoever waits. Called once, on the loop, which takes no operations any more. By default
     * nothing: for what has neither.
     */
    default void lost(Throwable cause) {}
}
