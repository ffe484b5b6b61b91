package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.testkit.Behaviour;
import io.uring.testkit.NothingLeft;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes there and back, of every amount and over every kind of socket. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class StreamEchoTest {
    private static final int MIB = 1 << 20;

    @TempDir Path directory;

    private SocketAddress address(String kind) throws Exception {
        return kind.equals("unix")
                ? UnixDomainSocketAddress.of(directory.resolve("socket"))
                : new InetSocketAddress(InetAddress.getByName(kind), 0);
    }

    @ParameterizedTest
    @Behaviour("SND-08")
    @CsvSource({
        "127.0.0.1,0",
        "127.0.0.1,1",
        "127.0.0.1,65536",
        "127.0.0.1,67108864",
        "::1,1",
        "::1,16777216",
        "unix,0",
        "unix,65537",
        "unix,67108864"
    })
    void peersBytesComeBack(String kind, long total) throws Exception {
        Random random = Seed.random("StreamEchoTest.echo");
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(ListenerConfig.of(address(kind)), _ -> new Echo());
            try (Peer peer = Peer.connect(listener.address())) {
                CompletableFuture<Long> sent =
                        Background.run(() -> {
                            long sum = peer.sendRandom(random, total);
                            peer.shutdownOutput();
                            return sum;
                        });
                assertEquals(peer.checksum(total), Loops.get(sent));
                peer.assertEnd();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "unix"})
    void bothEndsOnLoopsAndBothDirectionsAtOnce(String kind) throws Exception {
        try (Loops loops = Loops.start(2)) {
            Source server = new Source(16 * MIB);
            Source client = new Source(16 * MIB);
            SocketAddress address =
                    loops.listen(ListenerConfig.of(address(kind)), _ -> server).address();
            Connector.connect(
                    loops.group().loops().get(1),
                    address,
                    StreamConfig.defaults(),
                    0,
                    client,
                    server.closed::completeExceptionally);
            client.closeCause();
            server.closeCause();
            assertEquals(server.sum(), client.receivedSum());
            assertEquals(client.sum(), server.receivedSum());
        }
    }

    @Test
    void manySmallMessagesKeepTheirOrder() throws Exception {
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(new Echo()))) {
            byte[] message = new byte[64];
            Random random = Seed.random("StreamEchoTest.small");
            for (int i = 0; i < 5000; i++) {
                random.nextBytes(message);
                assertArrayEquals(message, peer.send(message).read(message.length));
            }
        }
    }
}
