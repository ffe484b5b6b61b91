package io.uring.netty;

import static io.uring.netty.DatagramFixture.bytes;
import static io.uring.netty.DatagramFixture.packet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultAddressedEnvelope;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.SegmentedDatagramPacket;
import io.netty.util.ReferenceCountUtil;
import io.uring.netty.DatagramFixture.Inbox;
import io.uring.reactor.LoopCounters;
import io.uring.testkit.Eventually;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(90)
class DatagramSenderTest {
    private final Inbox inbox = new Inbox();

    /** The kernel's default buffer must have room for all that a test sends at once. */
    private static final int MANY = 100;

    @Test
    void allThatIsFlushedInATurnLeavesInAFewCalls() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            sender.writeAndFlush(packet("first", receiver)).sync();
            LoopCounters.Snapshot before = DatagramFixture.counters(sender);
            List<ChannelFuture> writes = new ArrayList<>();
            DatagramFixture.onLoop(
                    sender,
                    () -> {
                        for (int i = 0; i < MANY; i++) {
                            writes.add(sender.writeAndFlush(packet("packet " + i, receiver)));
                        }
                    });
            for (ChannelFuture write : writes) {
                write.sync();
            }
            LoopCounters.Snapshot after = DatagramFixture.counters(sender);
            long enters = after.enters() - before.enters();
            assertEquals(MANY, after.sqes() - before.sqes());
            assertTrue(enters <= 10, enters + " calls for " + MANY + " packets");
            inbox.expect("first");
            for (int i = 0; i < MANY; i++) {
                inbox.expect("packet " + i);
            }
        }
    }

    @Test
    void aSegmentedPacketArrivesAsSeveral() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            InetSocketAddress to = DatagramFixture.addressOf(receiver);
            sender.writeAndFlush(new SegmentedDatagramPacket(bytes("aaaabbbbcc"), 4, to)).sync();
            inbox.expect("aaaa", "bbbb", "cc");
        }
    }

    @Test
    void buffersOfAllKindsAreSent() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            InetSocketAddress to = DatagramFixture.addressOf(receiver);
            ByteBuf heap = Unpooled.copiedBuffer("heap", java.nio.charset.StandardCharsets.UTF_8);
            sender.write(new DatagramPacket(heap, to));
            sender.write(new DatagramPacket(composite(3), to));
            sender.write(new DatagramPacket(composite(9), to));
            sender.write(new DefaultAddressedEnvelope<>(bytes("envelope"), to));
            sender.write(new DefaultAddressedEnvelope<>(composite(9), to));
            sender.writeAndFlush(new SegmentedDatagramPacket(composite(4), 4, to)).sync();
            inbox.expect("heap", "012", "012345678", "envelope", "012345678", "0123");
        }
    }

    private static ByteBuf composite(int pieces) {
        io.netty.buffer.CompositeByteBuf all = Unpooled.compositeBuffer();
        for (int i = 0; i < pieces; i++) {
            all.addComponent(true, bytes(String.valueOf(i)));
        }
        return all;
    }

    @Test
    void aFailureConcernsItsPacketAlone() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            InetSocketAddress to = DatagramFixture.addressOf(receiver);
            ByteBuf long66 = Unpooled.directBuffer(66_000).writeZero(66_000);
            ChannelFuture first = sender.write(packet("first", receiver));
            ChannelFuture tooLong = sender.write(new DatagramPacket(long66, to));
            ChannelFuture foreign =
                    sender.write(
                            new DatagramPacket(
                                    bytes("v6"),
                                    new InetSocketAddress(
                                            InetAddress.ofLiteral("::1"), to.getPort())));
            ChannelFuture unconnected = sender.write(bytes("to whom?"));
            ChannelFuture empty = sender.write(Unpooled.EMPTY_BUFFER);
            sender.writeAndFlush(packet("last", receiver)).sync();
            assertTrue(first.isSuccess());
            assertTrue(tooLong.cause().getMessage().contains("EMSGSIZE"), tooLong.toString());
            assertTrue(foreign.cause().getMessage().contains("EAFNOSUPPORT"), foreign.toString());
            assertInstanceOf(NotYetConnectedException.class, unconnected.cause());
            assertTrue(empty.isSuccess());
            assertEquals(0, long66.refCnt());
            inbox.expect("first", "last");
            assertTrue(sender.isActive());
        }
    }

    @Test
    void aCancelledWriteIsNotSent() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.connect(1, new Inbox(), receiver);
            ChannelFuture last =
                    DatagramFixture.onLoop(
                            sender,
                            () -> {
                                ChannelPromise[] promises = new ChannelPromise[4];
                                for (int i = 0; i < 4; i++) {
                                    promises[i] = sender.newPromise();
                                }
                                sender.write(bytes("one"), promises[0]);
                                sender.write(bytes("cancelled"), promises[1]);
                                sender.write(Unpooled.EMPTY_BUFFER, promises[2]);
                                sender.write(bytes("two"), promises[3]);
                                promises[1].cancel(false);
                                sender.flush();
                                return promises[3];
                            });
            last.sync();
            ChannelPromise alone = sender.newPromise();
            alone.cancel(false);
            sender.writeAndFlush(bytes("cancelled"), alone);
            sender.writeAndFlush(bytes("three")).sync();
            inbox.expect("one", "two", "three");
        }
    }

    @Test
    void whatWasFlushedBeforeACloseIsSent() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            List<ByteBuf> buffers = new ArrayList<>();
            List<ChannelFuture> writes = new ArrayList<>();
            DatagramFixture.onLoop(
                    sender,
                    () -> {
                        for (int i = 0; i < MANY; i++) {
                            DatagramPacket packet = packet("packet " + i, receiver);
                            buffers.add(packet.content());
                            writes.add(sender.writeAndFlush(packet));
                        }
                        sender.close();
                    });
            sender.closeFuture().sync();
            for (int i = 0; i < MANY; i++) {
                writes.get(i).sync();
                inbox.expect("packet " + i);
                assertEquals(0, buffers.get(i).refCnt());
            }
        }
    }

    /** Netty releases the messages at once, and the kernel may not have read them. */
    @Test
    void aBufferInFlightOutlivesItsQueue() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.connect(1, new Inbox(), receiver);
            ByteBuf buffer = bytes("in flight");
            DatagramFixture.onLoop(
                    sender,
                    () -> {
                        ChannelFuture write = sender.writeAndFlush(buffer);
                        sender.disconnect(); // submits what was flushed; its completion comes
                        // next turn
                        assertFalse(write.isDone());
                        UringChannel.UringUnsafe unsafe =
                                (UringChannel.UringUnsafe) sender.unsafe();
                        unsafe.shutdownOutput(sender.newPromise());
                        assertTrue(write.isDone());
                        assertEquals(1, buffer.refCnt());
                    });
            inbox.expect("in flight");
            Eventually.isTrue(DatagramFixture.LIMIT, "released", () -> buffer.refCnt() == 0);
        }
    }

    @Test
    void aConnectedSenderNamesAnotherRecipient() throws Exception {
        Inbox other = new Inbox();
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel second = udp.bind(0, other);
            UringDatagramChannel sender = udp.connect(1, new Inbox(), receiver);
            sender.write(bytes("to the peer"));
            sender.writeAndFlush(packet("to another", second)).sync();
            inbox.expect("to the peer");
            other.expect("to another");
        }
    }

    @Test
    void whatWasFlushedGoesToThePeerOfThatTime() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender = udp.connect(1, new Inbox(), receiver);
            ChannelFuture write =
                    DatagramFixture.onLoop(
                            sender,
                            () -> {
                                ChannelFuture flushed = sender.writeAndFlush(bytes("before"));
                                sender.disconnect();
                                return flushed;
                            });
            write.sync();
            inbox.expect("before");
        }
    }

    /** An IPv6 socket, which carries IPv4 too. */
    @Test
    void bothFamiliesAreReachedFromOneSocket() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender =
                    (UringDatagramChannel) udp.dualStack(1, new Inbox()).bind(0).sync().channel();
            sender.writeAndFlush(packet("mapped", receiver)).sync();
            inbox.expect("mapped");
        }
    }

    @SuppressWarnings("deprecation")
    @Test
    void anUnboundChannelIsActiveOnRegistrationWhenAsked() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver = udp.bind(0, inbox);
            UringDatagramChannel sender =
                    (UringDatagramChannel)
                            udp.bootstrap(1, new Inbox())
                                    .option(
                                            ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION,
                                            true)
                                    .register()
                                    .sync()
                                    .channel();
            assertTrue(sender.isActive());
            assertEquals(null, sender.localAddress());
            sender.writeAndFlush(packet("hello", receiver)).sync();
            inbox.expect("hello");
            assertTrue(DatagramFixture.addressOf(sender).getPort() > 0);
        }
    }

    @Test
    void otherMessagesAreRefused() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel sender = udp.bind(1, new Inbox());
            Object message = ReferenceCountUtil.touch("text");
            ChannelFuture write = sender.writeAndFlush(message).await();
            assertInstanceOf(UnsupportedOperationException.class, write.cause());
        }
    }
}
