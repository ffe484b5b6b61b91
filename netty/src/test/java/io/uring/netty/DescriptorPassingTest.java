package io.uring.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannelOption;
import io.uring.ring.DatagramOps;
import io.uring.ring.Descriptor;
import io.uring.ring.MessageHeader;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import io.uring.ring.internal.SocketCalls;
import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Descriptors over unix sockets: those that arrive work, and none leaks. */
@Timeout(60)
class DescriptorPassingTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir private Path directory;

    private Path file;

    @BeforeEach
    void writeFile() throws IOException {
        file = Files.writeString(directory.resolve("file"), "content");
    }

    private FileDescriptor open() {
        return new ReceivedDescriptor(SocketCalls.openToRead(file.toString()));
    }

    private static String read(FileDescriptor received) throws IOException {
        return Files.readString(Path.of("/proc/self/fd", Integer.toString(received.intValue())));
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, UTF_8);
    }

    private static String nextText(Channel channel) throws Exception {
        ByteBuf bytes = assertInstanceOf(ByteBuf.class, DomainWire.next(channel));
        try {
            return bytes.toString(UTF_8);
        } finally {
            bytes.release();
        }
    }

    private static FileDescriptor nextDescriptor(Channel channel) throws Exception {
        return assertInstanceOf(FileDescriptor.class, DomainWire.next(channel));
    }

    private static ServerBootstrap receiving() {
        return new ServerBootstrap()
                .childOption(
                        UnixChannelOption.DOMAIN_SOCKET_READ_MODE,
                        DomainSocketReadMode.FILE_DESCRIPTORS);
    }

    private static void succeeds(ChannelFuture future) throws InterruptedException {
        assertTrue(future.await(20, TimeUnit.SECONDS));
        assertTrue(future.isSuccess(), String.valueOf(future.cause()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFileIsReadThroughTheDescriptorThatArrived(boolean fromServer) throws Exception {
        Bootstrap client =
                new Bootstrap()
                        .option(
                                UnixChannelOption.DOMAIN_SOCKET_READ_MODE,
                                DomainSocketReadMode.FILE_DESCRIPTORS);
        try (DomainWire wire = new DomainWire(receiving())) {
            Channel connected = wire.connect(client);
            Channel accepted = wire.accepted();
            FileDescriptor sent = open();
            succeeds((fromServer ? accepted : connected).writeAndFlush(sent));
            assertTrue(sent.isOpen()); // it stays the sender's
            sent.close();
            FileDescriptor received = nextDescriptor(fromServer ? connected : accepted);
            assertEquals("content", read(received));
            received.close();
            received.close();
            assertFalse(received.isOpen());
        }
    }

    @Test
    void descriptorsBetweenBytesArriveInTheirOrder() throws Exception {
        try (DomainWire wire = new DomainWire(receiving())) {
            Channel connected = wire.connect();
            Channel accepted = wire.accepted();
            FileDescriptor sent = open();
            connected.write(sent);
            connected.write(sent);
            connected.write(text("x"));
            succeeds(connected.writeAndFlush(sent));
            sent.close();
            nextDescriptor(accepted).close();
            nextDescriptor(accepted).close();
            IOException complaint = assertInstanceOf(IOException.class, DomainWire.next(accepted));
            assertTrue(complaint.getMessage().contains("without a descriptor"));
            nextDescriptor(accepted).close();
            assertTrue(accepted.isActive());
        }
    }

    @Test
    void allDescriptorsOfOneMessageArrive() throws Exception {
        int count = 100;
        try (DomainWire wire = new DomainWire(receiving());
                Ring ring = Ring.open(RingConfig.forConnections(1));
                Arena arena = Arena.ofConfined()) {
            UringDomainSocketChannel connected = wire.connect();
            Channel accepted = wire.accepted();
            FileDescriptor sent = open();
            MemorySegment control = arena.allocate(16 + 4 * count, 8);
            control.set(ValueLayout.JAVA_LONG, 0, 16 + 4 * count);
            control.set(ValueLayout.JAVA_INT, 8, 1);
            control.set(ValueLayout.JAVA_INT, 12, 1);
            for (int i = 0; i < count; i++) {
                control.set(ValueLayout.JAVA_INT, 16 + 4 * i, sent.intValue());
            }
            MessageHeader message =
                    new MessageHeader(arena, 1).add(arena.allocate(1), 0, 1).control(control);
            Descriptor socket = Descriptor.of(connected.fd().intValue());
            ring.enable();
            DatagramOps.sendmsg(ring.nextSqe(), socket, message, 0);
            ring.submitAndWait(1, 20_000_000_000L);
            sent.close();
            for (int i = 0; i < count; i++) {
                FileDescriptor received = nextDescriptor(accepted);
                assertEquals("content", read(received));
                received.close();
            }
        }
    }

    @Test
    void theModeChangesBackAndForth() throws Exception {
        try (DomainWire wire = new DomainWire()) {
            Channel connected = wire.connect();
            UringDomainSocketChannel accepted = wire.accepted();
            for (int i = 0; i < 20; i++) {
                succeeds(connected.writeAndFlush(text("now a descriptor")));
                assertEquals("now a descriptor", nextText(accepted));
                accepted.eventLoop()
                        .submit(() -> {
                            accepted.config().setReadMode(DomainSocketReadMode.FILE_DESCRIPTORS);
                            accepted.writeAndFlush(text("ready"));
                        })
                        .sync();
                assertEquals("ready", nextText(connected));
                FileDescriptor sent = open();
                succeeds(connected.writeAndFlush(sent));
                sent.close();
                FileDescriptor received = nextDescriptor(accepted);
                assertEquals("content", read(received));
                received.close();
                accepted.config().setReadMode(DomainSocketReadMode.BYTES); // from any thread
                accepted.eventLoop().submit(() -> accepted.writeAndFlush(text("ready"))).sync();
                assertEquals("ready", nextText(connected));
            }
        }
    }

    @Test
    void descriptorsThatNobodyReadsAreClosed() throws Exception {
        new DomainWire().close();
        OpenDescriptors before = OpenDescriptors.now();
        try (DomainWire wire = new DomainWire(receiving())) {
            Channel connected = wire.connect();
            Channel accepted = wire.accepted();
            FileDescriptor sent = open();
            succeeds(connected.writeAndFlush(sent));
            nextDescriptor(accepted).close();
            accepted.eventLoop().submit(() -> accepted.config().setAutoRead(false)).sync();
            OpenDescriptors without = OpenDescriptors.now();
            for (int i = 0; i < 5; i++) {
                succeeds(connected.writeAndFlush(sent));
            }
            // The receive that was armed has taken one; the others wait in the socket.
            Eventually.isTrue(
                    SOON, "held", () -> OpenDescriptors.now().count() == without.count() + 1);
            accepted.close().sync();
            sent.close();
        }
        before.awaitReturn(SOON);
    }

    @Test
    void descriptorsAmongBytesAreClosedByTheKernel() throws Exception {
        new DomainWire().close();
        OpenDescriptors before = OpenDescriptors.now();
        try (DomainWire wire = new DomainWire()) {
            Channel connected = wire.connect();
            Channel accepted = wire.accepted();
            FileDescriptor sent = open();
            OpenDescriptors with = OpenDescriptors.now();
            succeeds(connected.writeAndFlush(sent));
            assertEquals(1, nextText(accepted).length());
            with.awaitReturn(SOON);
            sent.close();
        }
        before.awaitReturn(SOON);
    }

    @Test
    void whatWasHeldIsReadLater() throws Exception {
        try (DomainWire wire =
                new DomainWire(receiving().childOption(ChannelOption.AUTO_READ, false))) {
            Channel connected = wire.connect();
            Channel accepted = wire.accepted();
            FileDescriptor sent = open();
            connected.write(sent);
            succeeds(connected.writeAndFlush(sent));
            sent.close();
            for (int i = 0; i < 2; i++) {
                accepted.read();
                FileDescriptor received = nextDescriptor(accepted);
                assertEquals("content", read(received));
                received.close();
            }
        }
    }

    @Test
    void aDescriptorThatIsClosedTooEarlyFailsItsWriteOnly() throws Exception {
        try (DomainWire wire = new DomainWire()) {
            Channel connected = wire.connect();
            Channel accepted = wire.accepted();
            succeeds(connected.writeAndFlush(text("first")));
            assertEquals("first", nextText(accepted));
            FileDescriptor closed = open();
            closed.close();
            ChannelFuture write = connected.writeAndFlush(closed);
            assertTrue(write.await(20, TimeUnit.SECONDS));
            assertTrue(write.cause().getMessage().contains("closed before it was sent"));
            succeeds(connected.writeAndFlush(text("last")));
            assertEquals("last", nextText(accepted));
        }
    }

    @Test
    void aWriteThatWaitsForThePeerEndsWithTheChannel() throws Exception {
        try (DomainWire wire =
                new DomainWire(new ServerBootstrap().childOption(ChannelOption.AUTO_READ, false))) {
            Channel connected = wire.connect();
            wire.accepted();
            connected.writeAndFlush(Unpooled.wrappedBuffer(new byte[8 << 20]));
            FileDescriptor sent = open();
            ChannelFuture write = connected.writeAndFlush(sent);
            connected.close().sync();
            assertTrue(write.await(20, TimeUnit.SECONDS));
            assertFalse(write.isSuccess());
            sent.close();
        }
    }

    @Test
    void aConnectionThatWasReceivedIsTakenOver() throws Exception {
        try (DomainWire target = new DomainWire();
                DomainWire wire = new DomainWire(receiving())) {
            UringDomainSocketChannel passed = target.connect();
            Channel connected = wire.connect();
            Channel accepted = wire.accepted();
            succeeds(connected.writeAndFlush(passed.fd()));
            FileDescriptor received = nextDescriptor(accepted);
            passed.close().sync();
            UringDomainSocketChannel owner =
                    UringDomainSocketChannel.ofConnected(received.intValue());
            wire.group.register(owner).sync();
            succeeds(owner.writeAndFlush(text("hello")));
            assertEquals("hello", nextText(target.accepted()));
            assertEquals(target.address(), owner.remoteAddress());
            owner.close().sync();
        }
    }
}
