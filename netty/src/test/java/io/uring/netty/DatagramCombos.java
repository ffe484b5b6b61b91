package io.uring.netty;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapFactory;
import io.netty.testsuite.transport.socket.SocketTestPermutation;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.uring.ring.Feature;
import java.util.List;

/** Who sends and who receives in Netty's own tests: we, or NIO, but not NIO with NIO. */
final class DatagramCombos extends SocketTestPermutation {
    private final EventLoopGroup group;

    /**
     * @param mask features that the loops do without, as in the system property
     */
    DatagramCombos(String mask) {
        System.setProperty(Feature.MASK_PROPERTY, mask);
        try {
            group =
                    new MultiThreadIoEventLoopGroup(
                            2,
                            new DefaultThreadFactory("uring-datagrams", true),
                            UringIoHandler.newFactory());
        } finally {
            System.clearProperty(Feature.MASK_PROPERTY);
        }
    }

    @Override
    public List<BootstrapComboFactory<Bootstrap, Bootstrap>> datagram(SocketProtocolFamily family) {
        List<BootstrapFactory<Bootstrap>> factories =
                List.of(
                        () -> ours().channelFactory(() -> new UringDatagramChannel(family)),
                        () ->
                                new Bootstrap()
                                        .group(NIO_GROUP)
                                        .channelFactory(() -> new NioDatagramChannel(family)));
        List<BootstrapComboFactory<Bootstrap, Bootstrap>> all = combo(factories, factories);
        all.removeLast(); // NIO with NIO
        return all;
    }

    @Override
    public List<BootstrapFactory<Bootstrap>> datagramSocket() {
        return List.of(() -> ours().channel(UringDatagramChannel.class));
    }

    private Bootstrap ours() {
        return new Bootstrap().group(group);
    }
}
