package io.uring.vertx;

import io.vertx.tests.datagram.DatagramTest;
import org.junit.Test;

/** Vert.x's own tests of UDP, on this transport. */
public final class VertxDatagramTest extends DatagramTest {
    @Test
    public void transportIsTheOneToBeTested() throws Exception {
        SuiteTransport.assertUsed();
    }
}
