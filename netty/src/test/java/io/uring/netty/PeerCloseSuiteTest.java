package io.uring.netty;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.tests.DetectPeerCloseWithoutReadTest;

/** Netty's own tests of a peer that closes while nobody reads. */
class PeerCloseSuiteTest extends DetectPeerCloseWithoutReadTest {
    @Override
    protected EventLoopGroup newGroup() {
        return new MultiThreadIoEventLoopGroup(2, UringIoHandler.newFactory());
    }

    @Override
    protected Class<? extends ServerChannel> serverChannel() {
        return UringServerSocketChannel.class;
    }

    @Override
    protected Class<? extends Channel> clientChannel() {
        return UringSocketChannel.class;
    }
}
