package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2 and HTTP/1.1 over TLS, with clients of our own and of others. */
@Timeout(60)
class HttpServersTest {
    private static final int CONNECTIONS = 8;
    private static final int STREAMS = 125;

    private static void assumeThere(SslProvider provider) {
        assumeTrue(
                provider == SslProvider.JDK || OpenSsl.isAvailable(),
                "netty-tcnative has no library for this machine");
    }

    private static int length(int stream) {
        return (stream * 7919) % 40_000;
    }

    @ParameterizedTest
    @EnumSource(names = {"JDK", "OPENSSL"})
    void aThousandStreamsOverEightConnectionsCarryWhatWasAskedFor(SslProvider provider)
            throws Exception {
        assumeThere(provider);
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        try (HttpServer server = new HttpServer(provider)) {
            SslContext tls =
                    SslContextBuilder.forClient()
                            .sslProvider(provider)
                            .trustManager(server.certificate.getCertificate())
                            .endpointIdentificationAlgorithm(null)
                            .applicationProtocolConfig(HttpServer.protocols())
                            .build();
            List<CompletableFuture<byte[]>> bodies = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                Channel connection = connect(group, tls, server.address());
                for (int j = 0; j < STREAMS; j++) {
                    bodies.add(get(connection, length(bodies.size())));
                }
            }
            for (int i = 0; i < bodies.size(); i++) {
                byte[] body = bodies.get(i).get(30, TimeUnit.SECONDS);
                assertArrayEquals(HttpServer.body(length(i)), body, "stream " + i);
            }
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    private static Channel connect(EventLoopGroup group, SslContext tls, InetSocketAddress address)
            throws Exception {
        return new Bootstrap()
                .group(group)
                .channel(UringSocketChannel.class)
                .handler(
                        new ChannelInitializer<Channel>() {
                            @Override
                            protected void initChannel(Channel channel) {
                                channel.pipeline()
                                        .addLast(tls.newHandler(channel.alloc()))
                                        .addLast(Http2FrameCodecBuilder.forClient().build())
                                        .addLast(
                                                new Http2MultiplexHandler(
                                                        new ChannelInboundHandlerAdapter()));
                            }
                        })
                .connect(address)
                .sync()
                .channel();
    }

    private static CompletableFuture<byte[]> get(Channel connection, int length) throws Exception {
        CompletableFuture<byte[]> body = new CompletableFuture<>();
        Http2StreamChannel stream =
                new Http2StreamChannelBootstrap(connection)
                        .handler(new Collect(body))
                        .open()
                        .sync()
                        .getNow();
        DefaultHttp2Headers headers = new DefaultHttp2Headers();
        headers.method("GET").path("/" + length).scheme("https").authority("localhost");
        stream.writeAndFlush(new DefaultHttp2HeadersFrame(headers, true))
                .addListener(sent -> {
                    if (!sent.isSuccess()) {
                        body.completeExceptionally(sent.cause());
                    }
                });
        return body;
    }

    private static final class Collect extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<byte[]> body;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Collect(CompletableFuture<byte[]> body) {
            this.body = body;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof Http2DataFrame data) {
                bytes.writeBytes(ByteBufUtil.getBytes(data.content()));
                if (data.isEndStream()) {
                    body.complete(bytes.toByteArray());
                }
            }
            ReferenceCountUtil.release(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            body.completeExceptionally(new AssertionError("the stream ended early"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            body.completeExceptionally(cause);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void theJdksClientGetsWhatItAsksFor(HttpClient.Version version) throws Exception {
        try (HttpServer server = new HttpServer(SslProvider.JDK);
                HttpClient client =
                        HttpClient.newBuilder()
                                .version(version)
                                .sslContext(trusting(server))
                                .build()) {
            List<CompletableFuture<HttpResponse<byte[]>>> answers = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                URI uri =
                        URI.create(
                                "https://localhost:%d/%d"
                                        .formatted(server.address().getPort(), length(i)));
                HttpRequest request = HttpRequest.newBuilder(uri).build();
                answers.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray()));
            }
            for (int i = 0; i < answers.size(); i++) {
                HttpResponse<byte[]> answer = answers.get(i).get(30, TimeUnit.SECONDS);
                assertEquals(version, answer.version());
                assertArrayEquals(HttpServer.body(length(i)), answer.body(), "request " + i);
            }
        }
    }

    private static SSLContext trusting(HttpServer server) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, server.certificate.toTrustManagerFactory().getTrustManagers(), null);
        return context;
    }

    @ParameterizedTest
    @ValueSource(strings = {"--npn-list=h2", "--h1"})
    void h2loadSucceedsWithEveryRequest(String protocol) throws Exception {
        Path program = h2load();
        try (HttpServer server = new HttpServer(SslProvider.JDK)) {
            String out =
                    output(
                            program.toString(),
                            protocol,
                            "-n4000",
                            "-c16",
                            "-m10",
                            "https://127.0.0.1:%d/2000".formatted(server.address().getPort()));
            String all =
                    "requests: 4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed, 0 errored";
            assertTrue(out.contains(all), out);
            assertTrue(
                    out.contains(
                            protocol.equals("--h1")
                                    ? "Application protocol: http/1.1"
                                    : "Application protocol: h2"),
                    out);
        }
    }

    private static Path h2load() {
        Path found =
                Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                        .map(directory -> Path.of(directory, "h2load"))
                        .filter(path -> path.toFile().canExecute())
                        .findFirst()
                        .orElse(null);
        assumeTrue(found != null, "h2load is not on the PATH: apt-get install nghttp2-client");
        return java.util.Objects.requireNonNull(found);
    }

    private static String output(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            CompletableFuture<byte[]> output = new CompletableFuture<>();
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            output.complete(process.getInputStream().readAllBytes());
                        } catch (java.io.IOException e) {
                            output.completeExceptionally(e);
                        }
                    });
            return new String(output.get(40, TimeUnit.SECONDS), StandardCharsets.UTF_8);
        } finally {
            process.destroyForcibly();
        }
    }
}
