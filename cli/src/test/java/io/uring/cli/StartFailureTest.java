package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.BindException;
import java.nio.channels.UnresolvedAddressException;

class StartFailureTest {

    @Test
    void bindFailuresHaveARemedy() {
        assertEquals(
                "cannot listen on a port 80: address already in use."
                        + " Stop what listens there, or choose another --port.",
                explain(new IOException("x", new BindException("Address already in use"))));
        assertEquals(
                "cannot listen on a port 80: permission denied."
                        + " Ports below 1024 need privileges: choose another --port.",
                explain(new BindException("Permission denied")));
        assertEquals(
                "cannot listen on a port 80: no address of this machine. Choose another --host.",
                explain(new BindException("Cannot assign requested address")));
        assertEquals(
                "cannot listen on a port 80: something new",
                explain(new BindException("something new")));
    }

    @Test
    void unresolvedHostIsNamed() {
        assertEquals("unknown host 'a'", explain(new UnresolvedAddressException()));
    }

    @Test
    void otherFailuresGiveTheInnermostMessage() {
        assertEquals(
                "cannot start: deepest",
                explain(new IOException("outer", new IOException("deepest", new IOException()))));
        assertEquals("cannot start: java.io.IOException", explain(new IOException()));
    }

    private static String explain(Exception failure) {
        return StartFailure.explain("a", 80, failure).getMessage();
    }
}
