package io.uring.vertx;

import io.vertx.tests.http.Http1xTest;
import org.junit.Ignore;
import org.junit.Test;

/**
 * Vert.x's own tests of HTTP/1, on this transport. They use ports 8080, 8443 and others of this
 * machine. Those that are left out say why.
 */
public final class VertxHttp1xTest extends Http1xTest {
    @Test
    public void transportIsTheOneToBeTested() throws Exception {
        SuiteTransport.assertUsed();
    }

    /** Fails as often on NIO: docs/vertx.md has the numbers. */
    @Ignore("asks on a connection whose end its client may not have seen yet")
    @Test
    @Override
    public void testServerRollingUpdate() {}

    @Ignore("wants a duration between 500 and 1000 ms, which a busy machine exceeds")
    @Test
    @Override
    public void testResolverKeepAlive() {}

    @Ignore(SuiteTransport.OUTSIDE)
    @Test
    @Override
    public void testConnectTimeout() {}

    @Ignore(SuiteTransport.OUTSIDE)
    @Test
    @Override
    public void requestAbsNoPort() {}
}
