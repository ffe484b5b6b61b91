package io.uring.netty;

import static io.uring.netty.DatagramFixture.bytes;
import static io.uring.netty.DatagramFixture.packet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.SegmentedDatagramPacket;
import io.uring.netty.DatagramFixture.Inbox;
import io.uring.reactor.BufferConfig;
import io.uring.reactor.LoopCounters;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.RequiresKernel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(90)
class DatagramReceiveTest {
    private final Inbox inbox = new Inbox();

    /** Sends in one turn, so that all is there when the receiver is told. */
    private static void sendAll(
            UringDatagramChannel sender, UringDatagramChannel receiver, int count)
            throws Exception {
        DatagramFixture.onLoop(
                sender,
                () -> {
                    for (int i = 0; i < count; i++) {
                        sender.write(packet("packet " + i, receiver));
                    }
                });
        sender.writeAndFlush(packet("end", receiver)).sync();
    }

    private static void expectAll(Inbox inbox, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            inbox.expect("packet " + i);
        }
        inbox.expect("end");
    }

    @RequiresKernel("6.0")
    @Test
    void oneOperationReceivesAll() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            sendAll(sender, receiver, 1);
            expectAll(inbox, 1);
            LoopCounters.Snapshot before = DatagramFixture.counters(receiver);
            sendAll(sender, receiver, 50);
            expectAll(inbox, 50);
            LoopCounters.Snapshot after = DatagramFixture.counters(receiver);
            assertEquals(0, after.sqes() - before.sqes());
        }
    }

    @SuppressWarnings("deprecation") // RCVBUF_ALLOCATOR, which all use
    @RequiresKernel("6.0")
    @Test
    void aReadLoopIsWhatCameInOneTurnWithinItsLimit() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver =
                    DatagramFixture.bind(
                            udp.bootstrap(0, inbox)
                                    .option(
                                            ChannelOption.RCVBUF_ALLOCATOR,
                                            new FixedRecvByteBufAllocator(64)
                                                    .maxMessagesPerRead(10)));
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            // While the receiver's loop is held up, so that it finds all of them.
            DatagramFixture.onLoop(
                    receiver,
                    () -> {
                        List<DatagramPacket> packets = new ArrayList<>();
                        for (int i = 0; i < 25; i++) {
                            packets.add(packet("packet " + i, receiver));
                        }
                        packets.forEach(sender::write);
                        sender.writeAndFlush(packet("end", receiver)).awaitUninterruptibly();
                    });
            expectAll(inbox, 25);
            Eventually.isTrue(
                    DatagramFixture.LIMIT,
                    () -> "batches of " + inbox.batches,
                    () -> inbox.batches.stream().mapToInt(Integer::intValue).sum() == 26);
            assertEquals(List.of(10, 10, 6), inbox.batches);
        }
    }

    @Test
    void withoutAutoReadEachReadGivesOnePacket() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver =
                    DatagramFixture.bind(
                            udp.bootstrap(0, inbox).option(ChannelOption.AUTO_READ, false));
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            sendAll(sender, receiver, 3);
            assertTrue(inbox.isEmpty());
            for (int i = 0; i < 3; i++) {
                receiver.read();
                inbox.expect("packet " + i);
                DatagramFixture.counters(receiver); // a turn
                assertTrue(inbox.isEmpty());
            }
            receiver.read();
            inbox.expect("end");
            receiver.read();
            sender.writeAndFlush(packet("later", receiver)).sync();
            inbox.expect("later");
            assertEquals(List.of(1, 1, 1, 1), inbox.batches.subList(0, 4));
        }
    }

    @Test
    void whatComesWhileNobodyReadsIsKept() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            sender.writeAndFlush(packet("first", receiver)).sync();
            inbox.expect("first");
            DatagramFixture.onLoop(receiver, () -> receiver.config().setAutoRead(false));
            sendAll(sender, receiver, 20);
            DatagramFixture.counters(receiver);
            assertTrue(inbox.isEmpty());
            receiver.config().setAutoRead(true);
            expectAll(inbox, 20);
        }
    }

    @Test
    void packetsThatTheKernelMergedArriveAsSeveralInSharedMemory() throws Exception {
        BlockingQueue<DatagramPacket> packets = new LinkedBlockingQueue<>();
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver =
                    DatagramFixture.bind(
                            udp.bootstrap(0, new Keeper(packets))
                                    .option(UringChannelOption.UDP_GRO, true));
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            InetSocketAddress to = DatagramFixture.addressOf(receiver);
            ByteBuf three = Unpooled.directBuffer().writeZero(1000).writeZero(1000).writeZero(10);
            sender.writeAndFlush(new SegmentedDatagramPacket(three, 1000, to)).sync();
            List<DatagramPacket> came = new ArrayList<>();
            for (int length : new int[] {1000, 1000, 10}) {
                DatagramPacket packet = packets.poll(30, TimeUnit.SECONDS);
                assertNotNull(packet);
                assertEquals(length, packet.content().readableBytes());
                assertEquals(sender.localAddress(), packet.sender());
                came.add(packet);
            }
            assertSame(came.get(0).content().unwrap(), came.get(2).content().unwrap());
            came.forEach(DatagramPacket::release);
        }
    }

    /** What the kernel's buffers cannot hold, since the application has them all, is not lost. */
    @Test
    void packetsThatAreKeptDoNotStopOthers() throws Exception {
        ReactorConfig few =
                ReactorConfig.defaults().withDatagramBuffers(BufferConfig.fixed(4, 2048));
        BlockingQueue<DatagramPacket> packets = new LinkedBlockingQueue<>();
        try (DatagramFixture udp = new DatagramFixture(few)) {
            UringDatagramChannel receiver = udp.bind(0, new Keeper(packets));
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            for (int i = 0; i < 50; i++) {
                sender.writeAndFlush(packet("packet " + i, receiver)).sync();
            }
            Eventually.isTrue(DatagramFixture.LIMIT, "all came", () -> packets.size() == 50);
            for (int i = 0; i < 50; i++) {
                ByteBuf content = packets.remove().content();
                assertEquals("packet " + i, content.toString(StandardCharsets.UTF_8));
                content.release();
            }
        }
    }

    /** Does not release what it gets. */
    private static final class Keeper extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<DatagramPacket> packets;

        Keeper(BlockingQueue<DatagramPacket> packets) {
            this.packets = packets;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            packets.add((DatagramPacket) message);
        }
    }

    @Test
    void aPortWithoutASocketIsToldAndTheChannelGoesOn() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel server = udp.bind(0, new Inbox());
            InetSocketAddress address = DatagramFixture.addressOf(server);
            UringDatagramChannel client = udp.connect(1, inbox, server);
            server.close().sync();
            client.writeAndFlush(bytes("anybody?")).sync();
            assertInstanceOf(PortUnreachableException.class, inbox.nextFailure());
            assertTrue(client.isConnected());
            UringDatagramChannel again =
                    (UringDatagramChannel)
                            udp.bootstrap(0, new Inbox()).bind(address).sync().channel();
            again.writeAndFlush(packet("here", client)).sync();
            inbox.expect("here");
        }
    }

    @Test
    void theOriginalRecipientIsToldWhenAskedFor() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver =
                    (UringDatagramChannel)
                            udp.dualStack(0, inbox)
                                    .option(UringChannelOption.IP_RECVORIGDSTADDR, true)
                                    .option(UringChannelOption.UDP_GRO, true)
                                    .bind(0)
                                    .sync()
                                    .channel();
            int port = DatagramFixture.addressOf(receiver).getPort();
            InetSocketAddress to = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.5"), port);
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            sender.writeAndFlush(new SegmentedDatagramPacket(bytes("aabb"), 2, to)).sync();
            inbox.expect("aa", "bb");
            assertEquals(to, inbox.nextRecipient());
        }
    }

    @Test
    void aChannelGoesOnOnAnotherLoop() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel channel = udp.bind(0, inbox);
            UringDatagramChannel peer = udp.bind(1, new Inbox());
            for (int round = 0; round < 10; round++) {
                peer.writeAndFlush(packet("before", channel)).sync();
                inbox.expect("before");
                channel.deregister().sync();
                peer.writeAndFlush(packet("between", channel)).sync();
                udp.loop((round + 1) % 2).register(channel).sync();
                inbox.expect("between");
                channel.writeAndFlush(packet("to myself", channel)).sync();
                inbox.expect("to myself");
            }
        }
    }

    @Test
    void whatWasFlushedBeforeAChangeOfLoopsIsSent() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(1, inbox);
            UringDatagramChannel channel = udp.bind(0, new Inbox());
            ChannelFuture left =
                    DatagramFixture.onLoop(
                            channel,
                            () -> {
                                channel.writeAndFlush(packet("first", receiver));
                                ChannelFuture leaving = channel.deregister();
                                channel.writeAndFlush(packet("second", receiver));
                                return leaving;
                            });
            left.sync();
            udp.loop(1).register(channel).sync();
            inbox.expect("first", "second");
        }
    }
}
