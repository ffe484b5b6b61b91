package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A channel that has left its loop for its users, and has an operation there that has not ended.
 */
@Timeout(60)
class LeavingTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final EventLoopGroup next =
            new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
    private final CountDownLatch goOn = new CountDownLatch(1);

    @AfterEach
    void end() throws Exception {
        goOn.countDown();
        next.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
    }

    /** The loop does nothing from then on that it left behind, until it may go on. */
    private ChannelFuture leave(Channel channel, Socket client) throws Exception {
        client.getOutputStream().write('a');
        assertEquals('a', client.getInputStream().read()); // so the receive is armed
        ChannelFuture[] left = new ChannelFuture[1];
        channel.eventLoop()
                .submit(() -> {
                    left[0] = channel.deregister();
                    channel.eventLoop().execute(this::block); // behind the deregistration
                })
                .get(20, TimeUnit.SECONDS);
        Eventually.isTrue(SOON, "deregistered", () -> !channel.isRegistered());
        return left[0];
    }

    private void block() {
        try {
            assertTrue(goOn.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aRegistrationWaitsUntilTheChannelHasLeftItsLastLoop() throws Exception {
        try (Wire wire = new Wire(StreamLifetimeTest.Echo::new);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            ChannelFuture left = leave(channel, client);
            ChannelFuture registered = next.register(channel);
            channel.eventLoop().submit(() -> {}).get(20, TimeUnit.SECONDS);
            assertFalse(registered.isDone());
            goOn.countDown();
            assertTrue(registered.await(20, TimeUnit.SECONDS));
            assertTrue(registered.isSuccess(), String.valueOf(registered.cause()));
            assertTrue(left.await(20, TimeUnit.SECONDS));
            client.getOutputStream().write('x');
            assertEquals('x', client.getInputStream().read());
        }
    }

    @Test
    void aCloseBetweenTwoLoopsEndsTheRegistration() throws Exception {
        OpenDescriptors before;
        try (Wire wire = new Wire(StreamLifetimeTest.Echo::new)) {
            before = OpenDescriptors.now();
            Socket client = wire.connect();
            Channel channel = wire.accepted();
            leave(channel, client);
            ChannelFuture registered = next.register(channel);
            ChannelFuture close = channel.close();
            channel.eventLoop().submit(() -> {}).get(20, TimeUnit.SECONDS);
            goOn.countDown();
            assertTrue(close.await(20, TimeUnit.SECONDS));
            assertTrue(registered.await(20, TimeUnit.SECONDS));
            assertInstanceOf(ClosedChannelException.class, registered.cause());
            assertEquals(-1, client.getInputStream().read());
            client.close();
            before.awaitReturn(SOON);
        }
    }

    @Test
    void aLoopThatHasEndedTakesNoChannelAndItIsClosedOnItsLastOne() throws Exception {
        OpenDescriptors before;
        try (Wire wire = new Wire(StreamLifetimeTest.Echo::new)) {
            EventLoopGroup dead = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
            dead.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
            before = OpenDescriptors.now();
            Socket client = wire.connect();
            Channel channel = wire.accepted();
            leave(channel, client);
            ChannelFuture registered = dead.register(channel);
            goOn.countDown();
            assertTrue(registered.await(20, TimeUnit.SECONDS));
            assertFalse(registered.isSuccess());
            assertEquals(-1, client.getInputStream().read());
            client.close();
            before.awaitReturn(SOON);
        }
    }
}
