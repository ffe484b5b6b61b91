package io.uring.reactornetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.uring.netty.UringDatagramChannel;
import io.uring.netty.UringDomainSocketChannel;
import io.uring.netty.UringSocketChannel;
import io.uring.testkit.Eventually;
import io.uring.testkit.NoBufferLeaks;
import io.uring.testkit.NothingLeft;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpClient;
import reactor.netty.tcp.TcpServer;
import reactor.netty.udp.UdpClient;
import reactor.netty.udp.UdpServer;

/** TCP without HTTP, unix sockets, and UDP. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@ExtendWith({NothingLeft.class, NoBufferLeaks.class})
class TransportsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir Path directory;

    private final LoopResources loops = UringLoopResources.create("test", -1, 2, true);
    private final ConnectionProvider connections = ConnectionProvider.create("test", 16);

    /** Of servers and of clients. */
    private final Queue<Channel> channels = new ConcurrentLinkedQueue<>();

    @AfterEach
    void stop() {
        connections.disposeLater().block(LIMIT);
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(10)).block(LIMIT);
    }

    private void seen(Connection connection) {
        channels.add(connection.channel());
    }

    private void assertAllAre(Class<? extends Channel> type) {
        assertEquals(2, channels.size());
        assertTrue(channels.stream().allMatch(type::isInstance), channels::toString);
    }

    private static byte[] random(int bytes) {
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        return data;
    }

    @Test
    void tcpCarriesMegabytesBothWays() {
        DisposableServer server =
                TcpServer.create()
                        .runOn(loops)
                        .host("127.0.0.1")
                        .port(0)
                        .doOnConnection(this::seen)
                        .handle((in, out) -> out.send(in.receive().retain()))
                        .bindNow(LIMIT);
        Connection client =
                TcpClient.create(connections)
                        .runOn(loops)
                        .remoteAddress(server::address)
                        .doOnConnected(this::seen)
                        .connectNow(LIMIT);
        byte[] sent = random(5_000_000);
        Mono<Void> send =
                client.outbound()
                        .sendObject(Mono.fromSupplier(() -> Unpooled.copiedBuffer(sent)))
                        .then();
        Mono<ByteBuf> answer =
                client.inbound()
                        .receive()
                        .retain()
                        .scanWith(Unpooled::buffer, TransportsTest::append)
                        .filter(all -> all.readableBytes() == sent.length)
                        .next();
        byte[] received = new byte[sent.length];
        Mono.zip(answer, send.thenReturn(true)).block(LIMIT).getT1().readBytes(received);
        assertArrayEquals(sent, received);
        assertAllAre(UringSocketChannel.class);
        client.disposeNow(LIMIT);
        server.disposeNow(LIMIT);
    }

    private static ByteBuf append(ByteBuf all, ByteBuf next) {
        all.writeBytes(next);
        next.release();
        return all;
    }

    /** Nobody asks for more than one buffer: auto-read is off, and the peer has to wait. */
    @Test
    void aReaderThatAsksForNothingStopsThePeer() throws Exception {
        AtomicLong received = new AtomicLong();
        Queue<BaseSubscriber<ByteBuf>> readers = new ConcurrentLinkedQueue<>();
        DisposableServer server =
                TcpServer.create()
                        .runOn(loops)
                        .host("127.0.0.1")
                        .port(0)
                        .doOnConnection(connection -> {
                            Reader reader = new Reader(received);
                            connection.inbound().receive().subscribe(reader);
                            readers.add(reader);
                        })
                        .bindNow(LIMIT);
        int total = 64 << 20;
        AtomicLong sent = new AtomicLong();
        InetSocketAddress address = (InetSocketAddress) server.address();
        try (Socket client = new Socket(address.getAddress(), address.getPort())) {
            Thread writer = Thread.ofPlatform().start(() -> send(client, total, sent));
            Eventually.isTrue(LIMIT, "a reader", () -> !readers.isEmpty());
            Steady stopped = new Steady(sent);
            Eventually.isTrue(LIMIT, () -> "stops, after " + sent, stopped::holds);
            assertTrue(sent.get() < total, () -> "sent " + sent);
            assertEquals(0, received.get());
            readers.peek().request(Long.MAX_VALUE);
            Eventually.isTrue(LIMIT, () -> "all: " + received, () -> received.get() == total);
            writer.join();
        }
        server.disposeNow(LIMIT);
    }

    private static void send(Socket client, int total, AtomicLong sent) {
        byte[] block = new byte[1 << 16];
        try {
            OutputStream output = client.getOutputStream();
            while (sent.get() < total) {
                output.write(block);
                sent.addAndGet(block.length);
            }
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static final class Reader extends BaseSubscriber<ByteBuf> {
        private final AtomicLong received;

        Reader(AtomicLong received) {
            this.received = received;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {}

        @Override
        protected void hookOnNext(ByteBuf data) {
            received.addAndGet(data.readableBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void httpGoesOverUnixSockets(boolean addressesOfJava) {
        Path file = directory.resolve("socket");
        SocketAddress address =
                addressesOfJava
                        ? UnixDomainSocketAddress.of(file)
                        : new DomainSocketAddress(file.toString());
        DisposableServer server =
                HttpServer.create()
                        .runOn(loops)
                        .bindAddress(() -> address)
                        .doOnConnection(this::seen)
                        .handle((request, response) -> response.send(request.receive().retain()))
                        .bindNow(LIMIT);
        String body = "x".repeat(300_000);
        String answer =
                HttpClient.create(connections)
                        .runOn(loops)
                        .remoteAddress(() -> address)
                        .doOnConnected(this::seen)
                        .post()
                        .uri("/")
                        .send(Mono.fromSupplier(() -> Unpooled.copiedBuffer(body, US_ASCII)))
                        .responseContent()
                        .aggregate()
                        .asString()
                        .block(LIMIT);
        assertEquals(body, answer);
        assertAllAre(UringDomainSocketChannel.class);
        server.disposeNow(LIMIT);
        assertFalse(Files.exists(file));
    }

    @Test
    void udpAnswersEachPacket() {
        Connection server =
                UdpServer.create()
                        .runOn(loops)
                        .host("127.0.0.1")
                        .port(0)
                        .doOnBound(this::seen)
                        .handle((in, out) ->
                                out.sendObject(
                                        in.receiveObject()
                                                .cast(DatagramPacket.class)
                                                .map(TransportsTest::answer)))
                        .bindNow(LIMIT);
        Connection client =
                UdpClient.create()
                        .runOn(loops)
                        .remoteAddress(server::address)
                        .doOnConnected(this::seen)
                        .connectNow(LIMIT);
        Queue<String> answers = new ConcurrentLinkedQueue<>();
        client.inbound().receive().asString().subscribe(answers::add);
        for (String text : List.of("one", "two", "three")) { // a packet may overtake another
            client.outbound().sendString(Flux.just(text)).then().block(LIMIT);
            Eventually.isTrue(LIMIT, "an answer", () -> !answers.isEmpty());
            assertEquals(text, answers.remove());
        }
        assertAllAre(UringDatagramChannel.class);
        client.disposeNow(LIMIT);
        server.disposeNow(LIMIT);
    }

    private static DatagramPacket answer(DatagramPacket question) {
        return new DatagramPacket(question.content().retain(), question.sender());
    }
}
