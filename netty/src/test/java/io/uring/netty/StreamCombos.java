package io.uring.netty;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapFactory;
import io.netty.testsuite.transport.socket.SocketTestPermutation;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.uring.ring.Feature;
import java.util.ArrayList;
import java.util.List;

/** Who serves and who connects in Netty's own tests: we, or NIO, but not NIO with NIO. */
final class StreamCombos extends SocketTestPermutation {
    private final EventLoopGroup group;
    private final boolean withNio;
    private final int zeroCopyBytes;

    /**
     * @param mask features that the loops do without, as in the system property
     * @param withNio whether NIO is the other side, too
     * @param zeroCopyBytes from how many bytes on is sent without a copy, -1 for never
     */
    StreamCombos(String mask, boolean withNio, int zeroCopyBytes) {
        this.withNio = withNio;
        this.zeroCopyBytes = zeroCopyBytes;
        System.setProperty(Feature.MASK_PROPERTY, mask);
        try {
            group =
                    new MultiThreadIoEventLoopGroup(
                            4, // some tests block one
                            new DefaultThreadFactory("uring-suite", true),
                            UringIoHandler.newFactory());
        } finally {
            System.clearProperty(Feature.MASK_PROPERTY);
        }
    }

    private StreamCombos(EventLoopGroup group, boolean withNio) {
        this.group = group;
        this.withNio = withNio;
        this.zeroCopyBytes = -1;
    }

    /** The same, and every send is copied. */
    StreamCombos copying() {
        return new StreamCombos(group, withNio);
    }

    @Override
    public List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> socket() {
        List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> all =
                combo(serverSocket(), clientSocket());
        if (withNio) {
            all.removeLast(); // NIO with NIO
        }
        return all;
    }

    @Override
    public List<BootstrapFactory<ServerBootstrap>> serverSocket() {
        List<BootstrapFactory<ServerBootstrap>> all = new ArrayList<>();
        all.add(() ->
                new ServerBootstrap()
                        .group(group)
                        .channel(UringServerSocketChannel.class)
                        .childOption(UringChannelOption.ZERO_COPY_BYTES, zeroCopyBytes));
        if (withNio) {
            all.addAll(super.serverSocket());
        }
        return all;
    }

    @Override
    public List<BootstrapFactory<Bootstrap>> clientSocket() {
        List<BootstrapFactory<Bootstrap>> all = new ArrayList<>();
        all.add(() ->
                new Bootstrap()
                        .group(group)
                        .channel(UringSocketChannel.class)
                        .option(UringChannelOption.ZERO_COPY_BYTES, zeroCopyBytes));
        if (withNio) {
            all.addAll(super.clientSocket());
        }
        return all;
    }
}
