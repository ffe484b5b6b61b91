package io.uring.bench;

import io.uring.ring.ControlOps;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Fd;
import io.uring.ring.FileOps;
import io.uring.ring.OpenFlags;
import io.uring.ring.PathOps;
import io.uring.ring.PipeOps;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import io.uring.ring.Sockaddr;
import io.uring.ring.SocketOps;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Which way a file goes into a socket with the least CPU: reads into memory that is then sent, or
 * splices through a pipe. From the page cache, over loopback. Prints CPU microseconds per MiB of
 * everything but the reading end.
 *
 * <pre>{@code
 * java --enable-native-access=ALL-UNNAMED -cp bench/target/uring-bench.jar io.uring.bench.FileSendBenchmark
 * }</pre>
 */
public final class FileSendBenchmark {
    private static final int FILE_BYTES = 128 << 20;
    private static final int ROUNDS = 5;
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int MSG_WAITALL = 0x100;
    private static final int MAX_BLOCK_BYTES = 1 << 20;

    private final Ring ring;
    private final Fd file;
    private final Fd socket;
    private final MemorySegment memory;
    private int last;
    private int failure;

    private FileSendBenchmark(Ring ring, Arena arena, Path path, int port) throws IOException {
        this.ring = ring;
        this.memory = ring.allocate(2L * MAX_BLOCK_BYTES);
        PathOps.openat(
                        ring.sqe(),
                        Fd.CWD,
                        arena.allocateFrom(path.toString()),
                        OpenFlags.O_RDONLY,
                        0)
                .userData(1);
        this.file = Descriptor.of(await(1));
        SocketOps.socket(ring.sqe(), AF_INET, SOCK_STREAM, 0).userData(1);
        this.socket = Descriptor.of(await(1));
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        SocketOps.connect(ring.sqe(), socket, Sockaddr.of(arena, address)).userData(1);
        await(1);
    }

    public static void main(String[] arguments) throws Exception {
        Path path = Files.createTempFile("uring-bench", ".dat");
        try (ServerSocketChannel server = ServerSocketChannel.open();
                Ring ring = Ring.open(RingConfig.ofEntries(64, 256));
                Arena arena = Arena.ofShared()) {
            Files.write(path, new byte[FILE_BYTES]);
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Thread reader = Thread.ofPlatform().daemon().start(() -> drain(server));
            ring.enable();
            int port = server.socket().getLocalPort();
            new FileSendBenchmark(ring, arena, path, port).run(reader);
        } finally {
            Files.delete(path);
        }
    }

    private static void drain(ServerSocketChannel server) {
        ByteBuffer target = ByteBuffer.allocateDirect(MAX_BLOCK_BYTES);
        try (SocketChannel peer = server.accept()) {
            while (peer.read(target.clear()) >= 0) {}
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private interface Way {
        void sendFile() throws IOException;
    }

    private void run(Thread reader) throws IOException {
        for (int round = 0; round < ROUNDS; round++) {
            for (int kib = 16; kib <= 1024; kib *= 2) {
                int block = kib << 10;
                measure("read, then send", kib, reader, () -> readThenSend(block));
                measure("read ahead, send", kib, reader, () -> readAhead(block));
                measure("linked read, send", kib, reader, () -> linked(block));
            }
            for (int kib = 64; kib <= 1024; kib *= 4) {
                int block = kib << 10;
                measure("splice", kib, reader, () -> splice(block));
            }
        }
    }

    private void measure(String name, int kib, Thread reader, Way way) throws IOException {
        long before = ownCpu(reader);
        long start = System.nanoTime();
        way.sendFile();
        double mebibytes = FILE_BYTES / (double) (1 << 20);
        double cpu = (ownCpu(reader) - before) / 1e3 / mebibytes;
        double rate = mebibytes / ((System.nanoTime() - start) / 1e9);
        System.out.printf("%-18s %5d KiB %8.1f us/MiB %8.0f MiB/s%n", name, kib, cpu, rate);
    }

    /** Of the process, which includes the kernel's workers, without the reader. */
    private static long ownCpu(Thread reader) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        var process =
                (com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean();
        return process.getProcessCpuTime() - threads.getThreadCpuTime(reader.threadId());
    }

    private void readThenSend(int block) throws IOException {
        for (long at = 0; at < FILE_BYTES; at += block) {
            FileOps.read(ring.sqe(), file, memory, 0, block, at).userData(1);
            await(1);
            SocketOps.send(ring.sqe(), socket, memory, 0, block, MSG_WAITALL).userData(1);
            await(1);
        }
    }

    /** The next block is read while one is sent. */
    private void readAhead(int block) throws IOException {
        FileOps.read(ring.sqe(), file, memory, 0, block, 0).userData(1);
        await(1);
        long half = 0;
        for (long at = 0; at < FILE_BYTES; at += block) {
            SocketOps.send(ring.sqe(), socket, memory, half, block, MSG_WAITALL).userData(1);
            half ^= MAX_BLOCK_BYTES;
            int entries = 1;
            if (at + block < FILE_BYTES) {
                FileOps.read(ring.sqe(), file, memory, half, block, at + block).userData(1);
                entries = 2;
            }
            await(entries);
        }
    }

    private void linked(int block) throws IOException {
        for (long at = 0; at < FILE_BYTES; at += block) {
            FileOps.read(ring.sqe(), file, memory, 0, block, at).userData(1).link();
            SocketOps.send(ring.sqe(), socket, memory, 0, block, MSG_WAITALL).userData(1);
            await(2);
        }
    }

    private void splice(int block) throws IOException {
        MemorySegment ends = memory.asSlice(0, 8);
        PipeOps.pipe(ring.sqe(), ends, OpenFlags.O_CLOEXEC).userData(1);
        await(1);
        Fd out = Descriptor.of(ends.get(ValueLayout.JAVA_INT, 0));
        Fd in = Descriptor.of(ends.get(ValueLayout.JAVA_INT, 4));
        long none = PipeOps.NO_POSITION;
        for (long at = 0; at < FILE_BYTES; ) {
            PipeOps.splice(ring.sqe(), file, at, in, none, block, 0).userData(1);
            int left = await(1); // as much as fits into the pipe
            at += left;
            while (left > 0) {
                PipeOps.splice(ring.sqe(), out, none, socket, none, left, 0).userData(1);
                left -= await(1);
            }
        }
        ControlOps.close(ring.sqe(), out).userData(1);
        ControlOps.close(ring.sqe(), in).userData(1);
        await(2);
    }

    /** Waits for so many completions; returns the last one's result. */
    private int await(int count) throws IOException {
        int seen = 0;
        while (seen < count) {
            ring.submitAndWait(count - seen, Ring.FOREVER);
            seen +=
                    ring.drain((userData, result, flags) -> {
                        last = result;
                        failure = Math.min(failure, result);
                    });
        }
        if (failure < 0) {
            throw new IOException(Errno.name(-failure));
        }
        return last;
    }
}
