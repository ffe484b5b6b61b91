package io.uring.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.NoBufferLeaks;
import io.uring.testkit.NothingLeft;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Calls of all kinds, client and server on the same two loops. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@ExtendWith({NothingLeft.class, NoBufferLeaks.class})
class CallsTest {
    private static final int REPETITIONS = 2000;

    private final UringGrpc uring = UringGrpc.create(2, ReactorConfig.defaults());
    private final Echo echo = new Echo(REPETITIONS);
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws Exception {
        assertTrue(uring.isUring());
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server =
                uring.configure(NettyServerBuilder.forAddress(address))
                        .addService(echo.service())
                        .build()
                        .start();
        channel =
                uring.configure(NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()))
                        .usePlaintext()
                        .build();
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow();
        server.shutdownNow();
        assertTrue(channel.awaitTermination(30, TimeUnit.SECONDS));
        assertTrue(server.awaitTermination(30, TimeUnit.SECONDS));
        uring.close();
    }

    private static byte[] random(int bytes) {
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        return data;
    }

    private byte[] unary(byte[] request) {
        return ClientCalls.blockingUnaryCall(channel, Echo.UNARY, CallOptions.DEFAULT, request);
    }

    @Test
    void unaryCallsCarrySmallAndLarge() {
        for (int bytes : new int[] {1, 1000, 100_000, 4_000_000}) {
            assertArrayEquals(random(bytes), unary(random(bytes)));
        }
    }

    @Test
    void statusReachesTheCaller() {
        var failure = assertThrows(StatusRuntimeException.class, () -> unary(new byte[0]));
        assertEquals(Status.Code.INVALID_ARGUMENT, failure.getStatus().getCode());
    }

    @Test
    void thousandConcurrentCallsAreAllAnswered() throws Exception {
        List<Future<byte[]>> answers = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            answers.add(
                    ClientCalls.futureUnaryCall(
                            channel.newCall(Echo.UNARY, CallOptions.DEFAULT), random(i + 1)));
        }
        for (int i = 0; i < 1000; i++) {
            assertArrayEquals(random(i + 1), answers.get(i).get(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void serverStreams() {
        Iterator<byte[]> answers =
                ClientCalls.blockingServerStreamingCall(
                        channel, Echo.REPEAT, CallOptions.DEFAULT, random(1000));
        int count = 0;
        while (answers.hasNext()) {
            assertArrayEquals(random(1000), answers.next());
            count++;
        }
        assertEquals(REPETITIONS, count);
    }

    @Test
    void clientStreams() throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        StreamObserver<byte[]> requests =
                ClientCalls.asyncClientStreamingCall(
                        channel.newCall(Echo.COUNT, CallOptions.DEFAULT),
                        new Answers(data -> answer.complete(new String(data, US_ASCII)), answer));
        for (int i = 0; i < 500; i++) {
            requests.onNext(random(1000));
        }
        requests.onCompleted();
        assertEquals("500000", answer.get(60, TimeUnit.SECONDS));
    }

    @Test
    void bothSidesStream() throws Exception {
        AtomicInteger count = new AtomicInteger();
        CompletableFuture<String> end = new CompletableFuture<>();
        StreamObserver<byte[]> requests =
                ClientCalls.asyncBidiStreamingCall(
                        channel.newCall(Echo.CHAT, CallOptions.DEFAULT),
                        new Answers(
                                data -> {
                                    assertArrayEquals(random(count.incrementAndGet()), data);
                                },
                                end));
        for (int i = 1; i <= 500; i++) {
            requests.onNext(random(i));
        }
        requests.onCompleted();
        assertEquals("end", end.get(60, TimeUnit.SECONDS));
        assertEquals(500, count.get());
    }

    /** The server must stop when nobody asks, and go on when somebody does. */
    @Test
    void slowConsumerHoldsTheServerBack() throws Exception {
        SlowConsumer consumer = new SlowConsumer();
        ClientCalls.asyncServerStreamingCall(
                channel.newCall(Echo.REPEAT, CallOptions.DEFAULT), random(10_000), consumer);
        assertTrue(consumer.first.await(30, TimeUnit.SECONDS));
        int[] last = {-1};
        long[] since = {System.nanoTime()};
        Eventually.isTrue(
                Duration.ofSeconds(30),
                () -> "the server waits, having sent " + echo.sent,
                () -> {
                    if (echo.sent.get() != last[0]) {
                        last[0] = echo.sent.get();
                        since[0] = System.nanoTime();
                    }
                    return System.nanoTime() - since[0] > 500_000_000;
                });
        assertTrue(echo.sent.get() < REPETITIONS, () -> "sent " + echo.sent);
        consumer.call().request(REPETITIONS);
        assertEquals("end", consumer.end.get(60, TimeUnit.SECONDS));
        assertEquals(REPETITIONS, consumer.received.get());
    }

    @Test
    void deadlineEndsACall() throws Exception {
        var options = CallOptions.DEFAULT.withDeadlineAfter(200, TimeUnit.MILLISECONDS);
        var failure =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                ClientCalls.blockingUnaryCall(
                                        channel, Echo.NEVER, options, random(1)));
        assertEquals(Status.Code.DEADLINE_EXCEEDED, failure.getStatus().getCode());
        assertArrayEquals(random(9), unary(random(9))); // the connection lives
    }

    @Test
    void cancelReachesTheServer() throws Exception {
        Future<byte[]> answer =
                ClientCalls.futureUnaryCall(
                        channel.newCall(Echo.NEVER, CallOptions.DEFAULT), random(1));
        unary(random(1)); // so that the call before it has reached the server
        answer.cancel(true);
        assertTrue(echo.cancelled.await(30, TimeUnit.SECONDS));
        assertArrayEquals(random(9), unary(random(9)));
    }

    private record Answers(java.util.function.Consumer<byte[]> data, CompletableFuture<String> end)
            implements StreamObserver<byte[]> {
        @Override
        public void onNext(byte[] message) {
            data.accept(message);
        }

        @Override
        public void onError(Throwable failure) {
            end.completeExceptionally(failure);
        }

        @Override
        public void onCompleted() {
            end.complete("end");
        }
    }

    /** Asks for one message, and then for no more by itself. */
    private static final class SlowConsumer implements ClientResponseObserver<byte[], byte[]> {
        final CountDownLatch first = new CountDownLatch(1);
        final AtomicInteger received = new AtomicInteger();
        final CompletableFuture<String> end = new CompletableFuture<>();
        private volatile ClientCallStreamObserver<byte[]> call;

        ClientCallStreamObserver<byte[]> call() {
            return call;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<byte[]> stream) {
            call = stream;
            stream.disableAutoRequestWithInitial(1);
        }

        @Override
        public void onNext(byte[] message) {
            received.incrementAndGet();
            first.countDown();
        }

        @Override
        public void onError(Throwable failure) {
            end.completeExceptionally(failure);
        }

        @Override
        public void onCompleted() {
            end.complete("end");
        }
    }
}
