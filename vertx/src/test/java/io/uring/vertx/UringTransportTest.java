package io.uring.vertx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.UnixChannelOption;
import io.uring.netty.UringChannelOption;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.OpenDescriptors;
import io.uring.testkit.SeccompChild;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.datagram.DatagramSocket;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.net.TcpOption;
import io.vertx.core.transport.Transport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UringTransportTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static Vertx explicit() {
        return Vertx.builder().withTransport(new UringTransport()).build();
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static io.vertx.core.spi.transport.Transport transport(Vertx vertx) {
        return ((VertxInternal) vertx).transport();
    }

    @Test
    void isTakenWithoutCodeAndWithoutALeak() throws Exception {
        int rings = OpenDescriptors.now().rings();
        Vertx vertx = Vertx.vertx();
        assertInstanceOf(UringTransport.class, transport(vertx));
        assertTrue(vertx.isNativeTransportEnabled());
        assertNull(vertx.unavailableNativeTransportCause());
        await(vertx.close());
        assertEquals(rings, OpenDescriptors.now().rings());
    }

    @Test
    void staysOutWhenThePropertySaysSo() throws Exception {
        String before = System.setProperty(UringServiceProvider.PROPERTY, "false");
        try {
            Vertx vertx = Vertx.vertx();
            assertSame(Transport.NIO.implementation(), transport(vertx));
            await(vertx.close());
        } finally {
            if (before == null) {
                System.clearProperty(UringServiceProvider.PROPERTY);
            }
        }
    }

    @Test
    void leavesAnotherChoiceAlone() throws Exception {
        UringTransport mine = new UringTransport();
        Vertx vertx = Vertx.builder().withTransport(mine).build();
        assertSame(mine, transport(vertx));
        await(vertx.close());
    }

    @Test
    void servesHttp() throws Exception {
        Vertx vertx = explicit();
        var server =
                vertx.createHttpServer()
                        .requestHandler(
                                request -> request.body().onSuccess(request.response()::end));
        await(server.listen(0, "127.0.0.1"));
        Buffer body = Buffer.buffer("x".repeat(1_000_000));
        HttpClient client = vertx.createHttpClient(); // works while somebody holds it
        Buffer answer =
                await(
                        client.request(HttpMethod.POST, server.actualPort(), "127.0.0.1", "/")
                                .compose(request -> request.send(body))
                                .compose(response -> response.body()));
        assertEquals(body, answer);
        await(client.close());
        await(vertx.close());
    }

    @Test
    void connectsUnixSockets(@TempDir Path directory) throws Exception {
        Vertx vertx = explicit();
        SocketAddress address =
                SocketAddress.domainSocketAddress(directory.resolve("socket").toString());
        NetServer server = vertx.createNetServer().connectHandler(socket -> socket.pipeTo(socket));
        await(server.listen(address));
        NetClient clients = vertx.createNetClient();
        NetSocket client = await(clients.connect(address));
        CompletableFuture<Buffer> answer = new CompletableFuture<>();
        client.handler(answer::complete);
        await(client.write("hello"));
        assertEquals("hello", answer.get(30, TimeUnit.SECONDS).toString());
        await(clients.close());
        await(vertx.close());
    }

    @Test
    void carriesDatagrams() throws Exception {
        Vertx vertx = explicit();
        DatagramSocket receiver = vertx.createDatagramSocket(new DatagramSocketOptions());
        CompletableFuture<String> received = new CompletableFuture<>();
        receiver.handler(packet -> received.complete(packet.data().toString()));
        await(receiver.listen(0, "127.0.0.1"));
        DatagramSocket sender = vertx.createDatagramSocket(new DatagramSocketOptions());
        await(sender.send("hello", receiver.localAddress().port(), "127.0.0.1"));
        assertEquals("hello", received.get(30, TimeUnit.SECONDS));
        await(vertx.close());
    }

    /** A write of another thread while the loop reads leaves at once. */
    @Test
    void writeOfAnotherThreadIsFlushed() throws Exception {
        Vertx vertx = explicit();
        NetClient clients = vertx.createNetClient();
        Buffer expected = Buffer.buffer("x".repeat(1024));
        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            NetServer server =
                    vertx.createNetServer()
                            .connectHandler(socket ->
                                    socket.handler(
                                            _ -> thread.execute(() -> socket.write(expected))));
            await(server.listen(0, "127.0.0.1"));
            for (int i = 0; i < 128; i++) {
                NetSocket client = await(clients.connect(server.actualPort(), "127.0.0.1"));
                Buffer all = Buffer.buffer();
                CompletableFuture<Buffer> answer = new CompletableFuture<>();
                client.handler(part -> {
                    if (all.appendBuffer(part).length() == expected.length()) {
                        answer.complete(all);
                    }
                });
                await(client.write("ask"));
                assertEquals(expected, answer.get(30, TimeUnit.SECONDS));
            }
        }
        await(clients.close());
        await(vertx.close());
    }

    @Test
    void translatesAddresses() {
        UringTransport transport = new UringTransport();
        SocketAddress unix = SocketAddress.domainSocketAddress("/some/path");
        var netty = assertInstanceOf(DomainSocketAddress.class, transport.convert(unix));
        assertEquals("/some/path", netty.path());
        assertEquals(unix, transport.convert(netty));
        SocketAddress inet = SocketAddress.inetSocketAddress(80, "127.0.0.1");
        assertEquals(inet, transport.convert(transport.convert(inet)));
        assertTrue(transport.supportsDomainSockets());
    }

    private static TcpConfig options() {
        TcpConfig config = new TcpConfig().setSoReusePort(true).setSoLinger(3);
        config.setOption(TcpOption.FASTOPEN, 7);
        config.setOption(TcpOption.FASTOPEN_CONNECT, true);
        config.setOption(TcpOption.QUICKACK, true);
        config.setOption(TcpOption.CORK, true);
        config.setOption(TcpOption.USER_TIMEOUT, 1000);
        config.setOption(TcpOption.KEEPCNT, 4);
        config.setOption(TcpOption.KEEPIDLE, 0); // the kernel's default
        return config;
    }

    @Test
    void configuresServers() {
        ServerBootstrap bootstrap = new ServerBootstrap();
        new UringTransport().configure(options(), false, bootstrap);
        Map<ChannelOption<?>, Object> server = bootstrap.config().options();
        assertEquals(true, server.get(UnixChannelOption.SO_REUSEPORT));
        assertEquals(7, server.get(ChannelOption.TCP_FASTOPEN));
        Map<ChannelOption<?>, Object> accepted = bootstrap.config().childOptions();
        assertEquals(3, accepted.get(ChannelOption.SO_LINGER));
        assertTcp(accepted);
    }

    @Test
    void configuresClients() {
        Bootstrap bootstrap = new Bootstrap();
        new UringTransport().configure(options(), false, bootstrap);
        Map<ChannelOption<?>, Object> client = bootstrap.config().options();
        assertEquals(true, client.get(ChannelOption.TCP_FASTOPEN_CONNECT));
        assertTcp(client);
    }

    private static void assertTcp(Map<ChannelOption<?>, Object> options) {
        assertEquals(true, options.get(UringChannelOption.TCP_QUICKACK));
        assertEquals(true, options.get(UringChannelOption.TCP_CORK));
        assertEquals(1000, options.get(UringChannelOption.TCP_USER_TIMEOUT));
        assertEquals(4, options.get(UringChannelOption.TCP_KEEPCNT));
        assertFalse(options.containsKey(UringChannelOption.TCP_KEEPIDLE));
    }

    @Test
    void configuresNothingOfTcpForUnixSockets() {
        Bootstrap client = new Bootstrap();
        new UringTransport().configure(options(), true, client);
        assertEquals(Map.of(ChannelOption.SO_LINGER, 3), client.config().options());
    }

    /** Prints what Vert.x runs on. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) throws Exception {
            Vertx vertx = arguments.length > 0 ? explicit() : Vertx.vertx();
            System.out.println("native=" + vertx.isNativeTransportEnabled() + ".");
            System.out.println("CAUSE=" + vertx.unavailableNativeTransportCause().getMessage());
            await(vertx.createNetServer().connectHandler(_ -> {}).listen(0, "127.0.0.1"));
            await(vertx.close());
        }
    }

    @Test
    void fallsBackToNioAndSaysWhy() {
        for (String[] arguments : new String[][] {{}, {"explicit"}}) {
            try (ChildJvm child =
                    SeccompChild.start(SeccompChild.EPERM, List.of(), Main.class, arguments)) {
                assertEquals(0, child.awaitExit(LIMIT), child::output);
                String output = child.output();
                assertTrue(output.contains("native=false."), output);
                assertTrue(output.contains("CAUSE=io_uring_setup: EPERM"), output);
                assertEquals(
                        arguments.length == 0,
                        output.contains("Vert.x uses NIO instead of io_uring: io_uring_setup"),
                        output);
            }
        }
    }
}
