package io.uring.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class OpenDescriptorsTest {
    @Test
    void countsByKind() throws IOException {
        OpenDescriptors before = OpenDescriptors.now();
        try (SocketChannel socket = SocketChannel.open();
                Selector selector = Selector.open()) {
            OpenDescriptors open = OpenDescriptors.now();
            assertTrue(socket.isOpen() && selector.isOpen());
            assertEquals(before.sockets() + 1, open.sockets(), open::toString);
            assertEquals(before.epolls() + 1, open.epolls(), open::toString);
            assertEquals(before.eventfds() + 1, open.eventfds(), open::toString);
            assertEquals(before.rings(), open.rings(), open::toString);
        }
        before.awaitReturn(Duration.ofSeconds(5));
    }

    @Test
    void leakIsListed() throws IOException {
        OpenDescriptors before = OpenDescriptors.now();
        try (SocketChannel leaked = SocketChannel.open()) {
            assertTrue(leaked.isOpen());
            AssertionError error =
                    assertThrows(
                            AssertionError.class, () -> before.awaitReturn(Duration.ofMillis(10)));
            assertTrue(error.getMessage().contains("-> socket:["), error.getMessage());
        }
    }
}
