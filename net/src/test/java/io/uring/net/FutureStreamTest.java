package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Futures of connect, read, write and close complete once, with what happened. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class FutureStreamTest {
    private static FutureStream connect(Loops loops, SocketAddress address) {
        return Loops.get(FutureStream.connect(loops.loop(), address, StreamConfig.defaults(), 0));
    }

    private static Throwable failure(CompletableFuture<?> future) {
        return assertThrows(CompletionException.class, () -> Loops.get(future)).getCause();
    }

    private static byte[] readAll(FutureStream stream) {
        ByteBuffer all = ByteBuffer.allocate(1 << 20);
        while (Loops.get(stream.read(all)) != FutureStream.END) {}
        return java.util.Arrays.copyOf(all.array(), all.position());
    }

    @Test
    void whatIsWrittenIsEchoed() throws Exception {
        try (Loops loops = Loops.start(1)) {
            FutureStream stream = connect(loops, loops.serve(new Echo()));
            byte[] data = new byte[300_000];
            new Random(7).nextBytes(data);
            CompletableFuture<Void> first = stream.write(ByteBuffer.wrap(data, 0, 100_000));
            CompletableFuture<Void> second = stream.write(ByteBuffer.wrap(data, 100_000, 200_000));
            stream.shutdownOutput();
            assertArrayEquals(data, readAll(stream));
            Loops.get(first);
            Loops.get(second);
            Loops.get(stream.close());
            Loops.get(stream.close());
        }
    }

    @Test
    void aWriteCompletesWhenTheKernelHasTheBytes() throws Exception {
        CompletableFuture<FutureStream> accepted = new CompletableFuture<>();
        try (Loops loops = Loops.start(1);
                Peer peer =
                        Peer.connectWithReceiveBuffer(
                                loops.serve(FutureStream.handler(accepted::complete)), 4096)) {
            FutureStream stream = Loops.get(accepted);
            CompletableFuture<Void> write = stream.write(ByteBuffer.allocate(16 << 20));
            loops.call(() -> true);
            assertEquals(false, write.isDone());
            CompletableFuture<Integer> read = Background.run(() -> peer.read(16 << 20).length);
            assertEquals(16 << 20, Loops.get(read));
            Loops.get(write);
            Loops.get(stream.close());
        }
    }

    @Test
    void onlyOneReadAtATime() throws Exception {
        try (Loops loops = Loops.start(1)) {
            FutureStream stream = connect(loops, loops.serve(new Recorder()));
            CompletableFuture<Integer> first = stream.read(ByteBuffer.allocate(1));
            assertInstanceOf(
                    ReadPendingException.class, failure(stream.read(ByteBuffer.allocate(1))));
            Loops.get(stream.close());
            assertInstanceOf(ClosedChannelException.class, failure(first));
            assertInstanceOf(IOException.class, failure(stream.write(ByteBuffer.allocate(1))));
        }
    }

    @Test
    void aResetFailsTheReadAndTheClose() throws Exception {
        CompletableFuture<FutureStream> accepted = new CompletableFuture<>();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(FutureStream.handler(accepted::complete)))) {
            FutureStream stream = Loops.get(accepted);
            CompletableFuture<Integer> read = stream.read(ByteBuffer.allocate(1));
            loops.call(() -> true);
            peer.reset();
            assertInstanceOf(IOException.class, failure(read));
            assertInstanceOf(IOException.class, failure(stream.close()));
        }
    }

    @Test
    void connectFailsWithTheReason() throws Exception {
        try (Loops loops = Loops.start(1)) {
            Listener gone = loops.listen(_ -> new Recorder());
            Loops.get(gone.close());
            CompletableFuture<FutureStream> connect =
                    FutureStream.connect(loops.loop(), gone.address(), StreamConfig.defaults(), 0);
            assertInstanceOf(ConnectException.class, failure(connect));
        }
    }
}
