package io.uring.bench;

/**
 * One way to serve. A server listens on 127.0.0.1, uses so many loops, and lives until it is
 * killed.
 */
@FunctionalInterface
interface Server {
    /** Starts to listen and returns the port, also the one chosen for 0. */
    int start(Mode mode, int port, int loops) throws Exception;
}
