package io.uring.vertx;

import static org.junit.Assert.assertEquals;

import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;

/**
 * What Vert.x's own suites run on: io_uring, or NIO with {@code -During.vertx=false}, which shows
 * that a test fails because of the machine.
 */
final class SuiteTransport {
    static final String OUTSIDE = "connects to a host outside of this machine";

    private SuiteTransport() {}

    static void assertUsed() throws Exception {
        boolean uring = !"false".equals(System.getProperty(UringServiceProvider.PROPERTY));
        Vertx vertx = Vertx.vertx();
        assertEquals(uring, vertx.isNativeTransportEnabled());
        vertx.close().await(10, TimeUnit.SECONDS);
    }
}
