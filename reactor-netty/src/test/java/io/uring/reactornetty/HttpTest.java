package io.uring.reactornetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.uring.netty.UringSocketChannel;
import io.uring.testkit.Eventually;
import io.uring.testkit.NoBufferLeaks;
import io.uring.testkit.NothingLeft;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;

/** HTTP of Reactor Netty, which reads only what somebody has asked for: auto-read is off. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@ExtendWith({NothingLeft.class, NoBufferLeaks.class})
class HttpTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int REQUESTS = 1000;
    private static final int CHUNK_BYTES = 10_000;

    private final LoopResources loops = UringLoopResources.create("test", -1, 2, true);
    private final ConnectionProvider connections = ConnectionProvider.create("test", 16);

    @AfterEach
    void stop() {
        connections.disposeLater().block(LIMIT);
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(10)).block(LIMIT);
        assertTrue(loops.isDisposed());
    }

    private HttpClient client(DisposableServer server) {
        return HttpClient.create(connections).runOn(loops).remoteAddress(server::address);
    }

    private HttpServer server() {
        return HttpServer.create().host("127.0.0.1").port(0).runOn(loops);
    }

    @Test
    void loopsAreOnIoUring() {
        AtomicReference<Object> channel = new AtomicReference<>();
        DisposableServer server =
                server().doOnConnection(connection -> channel.set(connection.channel()))
                        .handle((request, response) -> response.send())
                        .bindNow();
        client(server).get().uri("/").response().block(LIMIT);
        assertInstanceOf(UringSocketChannel.class, channel.get());
        server.disposeNow(LIMIT);
    }

    @Test
    void thousandRequestsAreEchoed() {
        DisposableServer server =
                server().handle((request, response) -> response.send(request.receive().retain()))
                        .bindNow();
        HttpClient client = client(server);
        List<String> answers =
                Flux.range(0, REQUESTS)
                        .flatMap(number -> echo(client, number), 32)
                        .collectList()
                        .block(LIMIT);
        assertEquals(REQUESTS, answers.size());
        assertEquals(REQUESTS, answers.stream().distinct().count());
        server.disposeNow(LIMIT);
    }

    private static Mono<String> echo(HttpClient client, int number) {
        String body = number + "-".repeat(number);
        return client.post()
                .uri("/")
                .send(Mono.fromSupplier(() -> Unpooled.copiedBuffer(body, US_ASCII)))
                .responseContent()
                .aggregate()
                .asString()
                .doOnNext(answer -> assertEquals(body, answer));
    }

    /** A client that stops asking stops the server, once the sockets are full. */
    @Test
    void slowConsumerHoldsTheServerBack() {
        int chunks = 5000;
        AtomicLong produced = new AtomicLong();
        DisposableServer server =
                server().handle((request, response) ->
                                response.send(
                                        Flux.range(0, chunks)
                                                .map(number -> chunk(number))
                                                .doOnNext(_ -> produced.incrementAndGet()),
                                        _ -> true))
                        .bindNow();
        SlowConsumer consumer = new SlowConsumer();
        client(server).get().uri("/").responseContent().subscribe(consumer);
        consumer.request(1);
        Eventually.isTrue(
                Duration.ofSeconds(30),
                () -> "the server waits, having sent " + produced.get(),
                new Steady(produced)::holds);
        assertTrue(produced.get() < chunks, () -> "sent " + produced.get());
        consumer.request(Long.MAX_VALUE);
        Eventually.isTrue(
                Duration.ofSeconds(30),
                () -> "all bytes come: " + consumer.bytes,
                () -> consumer.bytes.get() == (long) chunks * CHUNK_BYTES);
        Eventually.isTrue(Duration.ofSeconds(30), () -> "the end", consumer::isDisposed);
        assertEquals(0, consumer.errors.get());
        server.disposeNow(LIMIT);
    }

    private static ByteBuf chunk(int number) {
        return Unpooled.directBuffer(CHUNK_BYTES).writeInt(number).writeZero(CHUNK_BYTES - 4);
    }

    /** A server that asks for one buffer of a body at a time gets all of it. */
    @Test
    void serverThatReadsOneByOneGetsAll() {
        int chunks = 500;
        DisposableServer server =
                server().handle((request, response) ->
                                response.sendString(
                                        request.receive()
                                                .limitRate(1)
                                                .map(ByteBuf::readableBytes)
                                                .delayElements(Duration.ofNanos(100_000))
                                                .reduce(0, Integer::sum)
                                                .map(String::valueOf)))
                        .bindNow();
        String answer =
                client(server)
                        .post()
                        .uri("/")
                        .send(Flux.range(0, chunks).map(HttpTest::chunk))
                        .responseContent()
                        .aggregate()
                        .asString()
                        .block(LIMIT);
        assertEquals(String.valueOf(chunks * CHUNK_BYTES), answer);
        server.disposeNow(LIMIT);
    }

    private static final class SlowConsumer extends BaseSubscriber<ByteBuf> {
        final AtomicLong bytes = new AtomicLong();
        final AtomicLong errors = new AtomicLong();

        @Override
        protected void hookOnSubscribe(org.reactivestreams.Subscription subscription) {}

        @Override
        protected void hookOnNext(ByteBuf data) {
            bytes.addAndGet(data.readableBytes());
        }

        @Override
        protected void hookOnError(Throwable failure) {
            errors.incrementAndGet();
        }
    }
}
