package io.uring.vertx;

import io.vertx.test.core.Checkpoint;
import io.vertx.tests.net.NetTest;
import org.junit.Ignore;
import org.junit.Test;

/**
 * Vert.x's own tests of TCP and unix sockets, on this transport, which needs no code. They use port
 * 1234 of this machine. Those that are left out say why.
 */
@SuppressWarnings("UnusedVariable") // parameters of tests that are left out
public final class VertxNetTest extends NetTest {
    private static final String OUTSIDE = "connects to a host outside of this machine";

    @Ignore(OUTSIDE)
    @Test
    @Override
    public void testConnectTimeout(Checkpoint checkpoint) {}

    @Ignore(OUTSIDE)
    @Test
    @Override
    public void testConnectTimeoutOverride(Checkpoint checkpoint) {}

    @Ignore(OUTSIDE)
    @Test
    @Override
    public void testDisableConnectTimeout() {}

    /** See {@link UringTransportTest}, which does the same and takes the bytes as they come. */
    @Ignore("wants 1024 bytes of a stream in one read; here a read ends with a receive buffer")
    @Test
    @Override
    public void testAsyncWriteIsFlushed(Checkpoint checkpoint) {}
}
