package io.uring.netty;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.util.NetUtil;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sockets for IPv6 are for IPv4 too, as those of the JDK are. */
@Timeout(60)
class DualStackTest {
    private static final int CLONE_NEWNET = 0x40000000;
    private static final Path DEFAULT = Path.of("/proc/sys/net/ipv6/bindv6only");
    private static final IntegerUnixChannelOption ONLY_V6 =
            new IntegerUnixChannelOption(
                    "IPV6_V6ONLY", SocketCalls.IPPROTO_IPV6, SocketCalls.IPV6_V6ONLY);

    @BeforeAll
    static void ipv6IsThere() {
        Assumptions.assumeTrue(SocketCalls.hasIpv6(), "this machine has no IPv6");
    }

    /** A thread in a namespace of its own, whose network is set to keep the two apart. */
    private static List<Integer> inANetworkThatKeepsThemApart(List<Supplier<Channel>> sockets)
            throws Exception {
        Linker linker = Linker.nativeLinker();
        MethodHandle unshare =
                linker.downcallHandle(
                        linker.defaultLookup().findOrThrow("unshare"),
                        FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        List<Integer> values = new ArrayList<>();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        AtomicReference<@Nullable String> refusal = new AtomicReference<>();
        Thread thread =
                new Thread(() -> {
                    try {
                        if ((int) unshare.invokeExact(CLONE_NEWNET) != 0) {
                            refusal.set("a network namespace is not permitted here");
                            return;
                        }
                        Files.writeString(DEFAULT, "1");
                        for (Supplier<Channel> socket : sockets) {
                            Channel channel = socket.get();
                            values.add(channel.config().getOption(ONLY_V6));
                            channel.unsafe().closeForcibly();
                        }
                    } catch (java.io.IOException e) {
                        refusal.set("the namespace's settings cannot be changed: " + e);
                    } catch (Throwable t) {
                        failure.set(t);
                    }
                });
        thread.start();
        thread.join();
        String refused = refusal.get();
        Assumptions.assumeTrue(refused == null, refused);
        assertNull(failure.get());
        return values;
    }

    @Test
    void theSystemsDefaultMakesNoDifference() throws Exception {
        List<Integer> values =
                inANetworkThatKeepsThemApart(
                        List.of(
                                () -> new UringSocketChannel(SocketProtocolFamily.INET6),
                                () -> new UringServerSocketChannel(SocketProtocolFamily.INET6),
                                () -> new UringDatagramChannel(SocketProtocolFamily.INET6)));
        assertEquals(List.of(0, 0, 0), values);
    }

    @Test
    void aServerForIpv6AcceptsIpv4AndAClientForIpv6Connects() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        InetAddress v4 = NetUtil.LOCALHOST4;
        try {
            Channel server =
                    new ServerBootstrap()
                            .group(group)
                            .channelFactory(
                                    () -> new UringServerSocketChannel(SocketProtocolFamily.INET6))
                            .childHandler(
                                    new ChannelInitializer<Channel>() {
                                        @Override
                                        protected void initChannel(Channel channel) {
                                            channel.pipeline()
                                                    .addLast(new StreamLifetimeTest.Echo());
                                        }
                                    })
                            .bind(new InetSocketAddress("0.0.0.0", 0)) // of either, to Java
                            .sync()
                            .channel();
            int port = ((InetSocketAddress) server.localAddress()).getPort();
            try (Socket client = new Socket(v4, port)) {
                client.getOutputStream().write('x');
                assertEquals('x', client.getInputStream().read());
            }
            try (Socket client = new Socket(NetUtil.LOCALHOST6, port)) {
                client.getOutputStream().write('y');
                assertEquals('y', client.getInputStream().read());
            }
            Channel client =
                    new Bootstrap()
                            .group(group)
                            .channelFactory(
                                    () -> new UringSocketChannel(SocketProtocolFamily.INET6))
                            .handler(new ChannelInboundHandlerAdapter())
                            .connect(v4, port)
                            .sync()
                            .channel();
            InetSocketAddress peer = (InetSocketAddress) client.remoteAddress();
            assertInstanceOf(Inet4Address.class, peer.getAddress());
            assertEquals(v4, peer.getAddress());
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }
}
