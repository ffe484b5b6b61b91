package io.uring.reactornetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.uring.netty.UringDatagramChannel;
import io.uring.netty.UringServerSocketChannel;
import io.uring.netty.UringSocketChannel;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.NoBufferLeaks;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.SeccompChild;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
@ExtendWith({NothingLeft.class, NoBufferLeaks.class})
class UringLoopResourcesTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static void dispose(LoopResources loops) {
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(10)).block(LIMIT);
    }

    @Test
    void givesChannelsOfItsKindForItsLoops() {
        LoopResources loops = UringLoopResources.create("kinds", -1, 1, true);
        for (var group : List.of(loops.onServer(true), loops.onClient(true))) {
            assertSame(UringSocketChannel.class, loops.onChannelClass(SocketChannel.class, group));
            assertSame(
                    UringServerSocketChannel.class,
                    loops.onChannelClass(ServerSocketChannel.class, group.next()));
            assertSame(
                    UringDatagramChannel.class, loops.onChannelClass(DatagramChannel.class, group));
            for (Class<? extends Channel> type :
                    List.of(
                            SocketChannel.class,
                            ServerSocketChannel.class,
                            DatagramChannel.class)) {
                Channel channel = loops.onChannel(type, group);
                assertInstanceOf(type, channel);
                channel.unsafe().closeForcibly();
            }
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> loops.onChannelClass(Channel.class, loops.onServer(true)));
        dispose(loops);
    }

    @Test
    void givesTheirChannelsToLoopsOfOthers() {
        LoopResources loops = UringLoopResources.create("others", -1, 1, true);
        var nio = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        assertSame(NioSocketChannel.class, loops.onChannelClass(SocketChannel.class, nio));
        nio.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        dispose(loops);
    }

    @Test
    void workersAcceptUnlessThereAreSelectors() {
        LoopResources shared = UringLoopResources.create("shared", -1, 1, true);
        assertSame(shared.onServer(true), shared.onServerSelect(true));
        LoopResources apart = UringLoopResources.create("apart", 1, 1, true);
        assertNotSame(apart.onServer(true), apart.onServerSelect(true));
        dispose(shared);
        dispose(apart);
        assertTrue(apart.onServerSelect(true).isTerminated());
        assertTrue(apart.onServer(true).isTerminated());
    }

    @Test
    void refusesNumbersThatMeanNothing() {
        for (int[] counts : new int[][] {{-1, 0}, {0, 1}, {-2, 1}}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> UringLoopResources.create("x", counts[0], counts[1], true));
        }
        assertThrows(IllegalArgumentException.class, () -> UringLoopResources.create(""));
    }

    @Test
    void loopsDoNotLetBlock() throws Exception {
        LoopResources loops = UringLoopResources.create("block", -1, 1, true);
        assertTrue(loops.onServer(true).submit(() -> Schedulers.isInNonBlockingThread()).get());
        dispose(loops);
    }

    /** Prints what it runs on, and an answer. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) {
            LoopResources loops = UringLoopResources.create("main", -1, 1, true);
            System.out.println("uring=" + (loops instanceof UringLoopResources) + ".");
            DisposableServer server =
                    HttpServer.create()
                            .host("127.0.0.1")
                            .port(0)
                            .runOn(loops)
                            .handle((request, response) -> response.sendString(Mono.just("hello")))
                            .bindNow();
            String answer =
                    HttpClient.create()
                            .runOn(loops)
                            .get()
                            .uri("http://127.0.0.1:" + server.port() + "/")
                            .responseContent()
                            .aggregate()
                            .asString()
                            .block(LIMIT);
            System.out.println("ANSWER=" + answer);
            server.disposeNow(LIMIT);
            dispose(loops);
        }
    }

    @Test
    void withoutIoUringReactorNettysOwnLoopsServeAndTheLogSaysWhy() {
        try (ChildJvm child = SeccompChild.start(SeccompChild.EPERM, List.of(), Main.class)) {
            assertEquals(0, child.awaitExit(LIMIT), child::output);
            String output = child.output();
            assertTrue(output.contains("uring=false."), output);
            assertTrue(output.contains("ANSWER=hello"), output);
            String reason = output.split("are not on io_uring: ", 2)[1].lines().findFirst().get();
            assertTrue(reason.contains("EPERM"), reason);
            assertFalse(output.contains("\tat "), output);
        }
    }
}
