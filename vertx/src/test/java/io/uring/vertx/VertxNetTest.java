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
    @Test
    public void transportIsTheOneToBeTested() throws Exception {
        SuiteTransport.assertUsed();
    }

    @Ignore(SuiteTransport.OUTSIDE)
    @Test
    @Override
    public void testConnectTimeout(Checkpoint checkpoint) {}

    @Ignore(SuiteTransport.OUTSIDE)
    @Test
    @Override
    public void testConnectTimeoutOverride(Checkpoint checkpoint) {}

    @Ignore(SuiteTransport.OUTSIDE)
    @Test
    @Override
    public void testDisableConnectTimeout() {}
}
