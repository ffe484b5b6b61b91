package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.Errno;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What goes wrong with io_uring when it is used like something else. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class KernelHabitsTest {
    private static final int O_NONBLOCK = 04000;

    @Test
    void socketsAreBlockingSoThatTheKernelWaits() throws Exception {
        Recorder server = new Recorder();
        Recorder client = new Recorder();
        try (Loops loops = Loops.start(1)) {
            SocketAddress address = loops.serve(server);
            Connector.connect(
                    loops.loop(),
                    address,
                    StreamConfig.defaults(),
                    0,
                    client,
                    client.opened::completeExceptionally);
            assertEquals(0, flags(client.socket()) & O_NONBLOCK);
            assertEquals(0, flags(server.socket()) & O_NONBLOCK);
            client.onLoop(StreamSocket::close);
            server.closeCause();
        }
    }

    private static int flags(StreamSocket socket) throws IOException {
        Path info = Path.of("/proc/self/fdinfo/" + socket.descriptor().number());
        for (String line : Files.readAllLines(info)) {
            if (line.startsWith("flags:")) {
                return Integer.parseInt(line.substring("flags:".length()).strip(), 8);
            }
        }
        throw new AssertionError("no flags in " + info);
    }

    /** A linked poll, or IOSQE_ASYNC, would make the kernel start a worker for each operation. */
    @Test
    void trafficNeedsNoWorkersOfTheKernel() throws Exception {
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(1)) {
            SocketAddress address = loops.listen(_ -> new Echo()).address();
            for (int i = 0; i < 200; i++) {
                peers.add(Peer.connect(address).send(new byte[20_000]));
            }
            for (Peer peer : peers) {
                peer.read(20_000);
            }
            assertEquals(List.of(), workers());
            peers.forEach(Peer::close);
        }
    }

    private static List<String> workers() throws IOException {
        List<String> workers = new ArrayList<>();
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : threads) {
                String name = Files.readString(thread.resolve("comm")).strip();
                if (name.startsWith("iou-wrk")) {
                    workers.add(name);
                }
            }
        } catch (NoSuchFileException e) {
            return workers(); // a thread ended meanwhile
        }
        return workers;
    }

    @Test
    void eachConnectionHasItsOwnPeersAddress() throws Exception {
        Set<SocketAddress> seen = ConcurrentHashMap.newKeySet();
        Set<SocketAddress> expected = new HashSet<>();
        List<Peer> peers = new ArrayList<>();
        StreamAcceptor acceptor =
                socket -> {
                    seen.add(socket.remoteAddress());
                    return new Echo();
                };
        try (Loops loops = Loops.start(1)) {
            ListenerConfig paused = ListenerConfig.of(Loops.loopback()).withPaused(true);
            Listener listener = loops.listen(paused, acceptor);
            for (int i = 0; i < 100; i++) {
                peers.add(Peer.connect(listener.address()));
                expected.add(peers.getLast().localAddress());
            }
            listener.resume(); // one accept operation reports them all at once
            for (Peer peer : peers) {
                peer.send("x").read(1);
            }
            assertEquals(expected, seen);
            peers.forEach(Peer::close);
        }
    }

    @Test
    void manyAtOnceDoNotOverflowTheCompletionQueue() throws Exception {
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(1)) {
            SocketAddress address = loops.listen(_ -> new Echo()).address();
            for (int i = 0; i < 2000; i++) {
                peers.add(Peer.connect(address));
            }
            for (Peer peer : peers) {
                peer.send("ping");
            }
            for (Peer peer : peers) {
                peer.read(4);
            }
            assertEquals(0, loops.loop().counters().snapshot().overflows());
            peers.forEach(Peer::close);
        }
    }

    @Test
    void connectionAbortedBeforeItIsAcceptedDoesNotEndTheListener() throws Exception {
        try (Loops loops = Loops.start(1)) {
            ListenerConfig config = ListenerConfig.of(Loops.loopback());
            int fd = ListenerSocket.open(config, List.of(-1)).getFirst();
            SocketAddress address = ListenerSocket.localAddress(fd);
            Acceptor acceptor =
                    new Acceptor(
                            loops.loop(),
                            List.of(new Served(loops.loop())),
                            fd,
                            config,
                            _ -> new Echo(),
                            false);
            acceptor.start();
            for (int errno : new int[] {Errno.ECONNABORTED, Errno.EINTR, Errno.EAGAIN}) {
                Loops.run(loops.loop().reactor(), () -> acceptor.complete(-errno, 0));
                try (Peer peer = Peer.connect(address)) {
                    assertEquals("ping", peer.send("ping").readText(4));
                }
            }
            Loops.get(acceptor.close());
        }
    }

    /** Each write is asked for by the end of the one before: not deeper in the stack each time. */
    @Test
    void callbacksThatCauseCallbacksDoNotNest() throws Exception {
        int total = 10_000;
        AtomicInteger deepest = new AtomicInteger();
        Recorder server =
                new Recorder() {
                    private int left = total;

                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        data.release();
                        onDrained(socket);
                    }

                    @Override
                    public void onDrained(StreamSocket socket) {
                        int depth = new Throwable().getStackTrace().length;
                        deepest.accumulateAndGet(depth, Math::max);
                        if (left-- > 0) {
                            boolean _ = socket.write(ByteBuffer.allocate(1));
                            socket.pauseReading();
                            socket.resumeReading();
                        } else {
                            socket.close();
                        }
                    }
                };
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server)).send("x")) {
            assertEquals(total, peer.readToEnd().length);
            assertTrue(deepest.get() < 100, () -> deepest + " frames");
        }
    }
}
