package io.uring.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUringBufferRingConfig;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringFixedBufferRingAllocator;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.util.ReferenceCountUtil;
import io.uring.netty.UringIoHandler;
import io.uring.netty.UringServerSocketChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Netty with loops that accept and serve, on each of its transports. */
final class NettyServer implements Server {
    private static final int BACKLOG = 4096;
    private static final int TUNED_READ_BYTES = 64 * 1024;
    private static final short TUNED_BUFFERS = 256;
    private static final int TUNED_BUFFER_BYTES = 8 * 1024;
    private static final short BUFFER_GROUP = 1;

    enum Transport {
        NIO("netty-nio", NioServerSocketChannel.class),
        EPOLL("netty-epoll", EpollServerSocketChannel.class),
        URING("netty-uring", IoUringServerSocketChannel.class),
        OURS("uring-netty", UringServerSocketChannel.class);

        private final String contender;
        private final Class<? extends ServerSocketChannel> channel;

        Transport(String contender, Class<? extends ServerSocketChannel> channel) {
            this.contender = contender;
            this.channel = channel;
        }

        String about() {
            return this == OURS ? "our transport" : name().toLowerCase(Locale.ROOT);
        }

        /** What a server on it is called. */
        String contender() {
            return contender;
        }
    }

    private final Transport transport;
    private final boolean tuned;

    NettyServer(Transport transport, boolean tuned) {
        this.transport = transport;
        this.tuned = tuned;
    }

    @Override
    public int start(Mode mode, int port, int loops) throws InterruptedException {
        MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(loops, handlers());
        ServerBootstrap bootstrap =
                new ServerBootstrap()
                        .group(loop)
                        .channel(transport.channel)
                        .option(ChannelOption.SO_BACKLOG, BACKLOG)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childHandler(new Connections(mode, tuned));
        if (tuned && transport != Transport.OURS) { // whose reads are as large as what is there
            bootstrap.childOption(
                    ChannelOption.RECVBUF_ALLOCATOR,
                    new AdaptiveRecvByteBufAllocator(64, 2048, TUNED_READ_BYTES));
        }
        if (tuned && transport == Transport.URING) {
            bootstrap.childOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, BUFFER_GROUP);
        }
        InetSocketAddress address =
                (InetSocketAddress)
                        bootstrap.bind("127.0.0.1", port).sync().channel().localAddress();
        return address.getPort();
    }

    private IoHandlerFactory handlers() {
        return switch (transport) {
            case NIO -> NioIoHandler.newFactory();
            case EPOLL -> EpollIoHandler.newFactory();
            case OURS -> UringIoHandler.newFactory();
            case URING ->
                    tuned
                            ? IoUringIoHandler.newFactory(tunedRing())
                            : IoUringIoHandler.newFactory();
        };
    }

    /** Provided buffers, which Netty does not use unless it is asked to. */
    private static IoUringIoHandlerConfig tunedRing() {
        return new IoUringIoHandlerConfig()
                .setBufferRingConfig(
                        IoUringBufferRingConfig.builder()
                                .bufferGroupId(BUFFER_GROUP)
                                .bufferRingSize(TUNED_BUFFERS)
                                .batchSize(TUNED_BUFFERS / 2)
                                .allocator(new IoUringFixedBufferRingAllocator(TUNED_BUFFER_BYTES))
                                .build());
    }

    private static final class Connections extends ChannelInitializer<SocketChannel> {
        private final Mode mode;
        private final boolean tuned;

        Connections(Mode mode, boolean tuned) {
            this.mode = mode;
            this.tuned = tuned;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            if (tuned) {
                channel.pipeline().addLast(new FlushConsolidationHandler());
            }
            if (mode == Mode.HTTP) {
                channel.pipeline().addLast(new HttpServerCodec());
            }
            channel.pipeline()
                    .addLast(
                            switch (mode) {
                                case ECHO -> Echo.INSTANCE;
                                case HTTP -> Plaintext.INSTANCE;
                                case SINK -> Sink.INSTANCE;
                            });
        }
    }

    /** Writes at once and flushes when the batch of reads ends, as Netty's own examples do. */
    @ChannelHandler.Sharable
    private static class Echo extends ChannelInboundHandlerAdapter {
        static final Echo INSTANCE = new Echo();

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            var _ = context.write(message, context.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            var _ = context.close();
        }
    }

    private static final class Sink extends Echo {
        static final Sink INSTANCE = new Sink();

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
        }
    }

    private static final class Plaintext extends Echo {
        static final Plaintext INSTANCE = new Plaintext();
        private static final ByteBuf BODY =
                Unpooled.unreleasableBuffer(
                        Unpooled.directBuffer(13)
                                .writeBytes("Hello, World!".getBytes(StandardCharsets.US_ASCII)));

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            try {
                if (message instanceof HttpRequest) {
                    var _ = context.write(response(), context.voidPromise());
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        private static FullHttpResponse response() {
            FullHttpResponse response =
                    new DefaultFullHttpResponse(
                            HttpVersion.HTTP_1_1, HttpResponseStatus.OK, BODY.duplicate());
            response.headers().set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN);
            response.headers().set(HttpHeaderNames.CONTENT_LENGTH, "13");
            return response;
        }
    }
}
