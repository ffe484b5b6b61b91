package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.BindException;
import org.junit.jupiter.api.Test;

class ListenAddressTest {

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
    void unknownHostIsNamed() {
        ListenAddress address = new ListenAddress("host.invalid", 80);

        String message = assertThrows(CommandFailure.class, address::resolve).getMessage();

        assertEquals("unknown host 'host.invalid'", message);
    }

    @Test
    void otherFailuresGiveTheInnermostMessage() {
        assertEquals(
                "cannot start: deepest",
                explain(new IOException("outer", new IOException("deepest", new IOException()))));
        assertEquals("cannot start: java.io.IOException", explain(new IOException()));
    }

    private static String explain(Exception failure) {
        return new ListenAddress("a", 80).failure(failure).getMessage();
    }
}
