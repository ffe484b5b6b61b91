package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.uring.reactor.LoopCounters;
import io.uring.reactor.Reactor;
import io.uring.testkit.Eventually;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** System calls and entries, counted by the loop itself. */
@Timeout(60)
class StreamCostTest {
    private static final int MESSAGES = 2000;

    private static LoopCounters.Snapshot counters(Channel channel) throws Exception {
        return Wire.reactor(channel).counters().snapshot();
    }

    private static void pingPong(Socket client, int count) throws Exception {
        InputStream input = client.getInputStream();
        OutputStream output = client.getOutputStream();
        byte[] message = new byte[64];
        for (int i = 0; i < count; i++) {
            output.write(message);
            assertEquals(64, input.readNBytes(64).length);
        }
    }

    /** A wait for each message, another for each send's completion, and never a timeout's entry. */
    @Test
    void aMessageAndItsAnswerTakeTwoCallsAndOneEntry() throws Exception {
        try (Wire wire = new Wire(StreamLifetimeTest.Echo::new);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            channel.eventLoop().schedule(() -> {}, 1, TimeUnit.HOURS); // a deadline to wait for
            pingPong(client, 100);
            LoopCounters.Snapshot before = counters(channel);
            pingPong(client, MESSAGES);
            LoopCounters.Snapshot after = counters(channel);
            double enters = (after.enters() - before.enters()) / (double) MESSAGES;
            double sqes = (after.sqes() - before.sqes()) / (double) MESSAGES;
            assertTrue(enters <= 2.05, enters + " calls for each message");
            assertTrue(sqes <= 1.05, sqes + " entries for each message");
        }
    }

    /** Switching auto-read off for the time of an answer, as proxies do, cancels nothing. */
    @Test
    void readingOnDemandTakesNoMoreEntries() throws Exception {
        try (Wire wire = new Wire(OnDemand::new);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            pingPong(client, 100);
            LoopCounters.Snapshot before = counters(channel);
            pingPong(client, MESSAGES);
            LoopCounters.Snapshot after = counters(channel);
            double sqes = (after.sqes() - before.sqes()) / (double) MESSAGES;
            assertTrue(sqes <= 1.05, sqes + " entries for each message");
        }
    }

    private static final class OnDemand extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.channel().config().setAutoRead(false);
            context.writeAndFlush(message)
                    .addListener(_ -> context.channel().config().setAutoRead(true));
        }
    }

    @Test
    void allFlushesOfATurnLeaveInOneSend() throws Exception {
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            channel.writeAndFlush(channel.alloc().directBuffer().writeByte(0)).sync();
            LoopCounters.Snapshot before = counters(channel);
            channel.eventLoop()
                    .submit(() -> {
                        for (int i = 0; i < 50; i++) {
                            ByteBuf one = channel.alloc().directBuffer().writeByte(i);
                            channel.writeAndFlush(one);
                        }
                    })
                    .get(20, TimeUnit.SECONDS);
            assertEquals(51, client.getInputStream().readNBytes(51).length);
            assertEquals(1, counters(channel).sqes() - before.sqes());
        }
    }

    /** A thread that adds tasks pays for waking the loop once, not for each. */
    @Test
    void tasksOfABusyLoopWakeNobody() throws Exception {
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket _ = wire.connect()) {
            Channel channel = wire.accepted();
            LoopCounters.Snapshot before = counters(channel);
            CountDownLatch go = new CountDownLatch(1);
            channel.eventLoop()
                    .execute(() -> {
                        try {
                            assertTrue(go.await(20, TimeUnit.SECONDS));
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            CountDownLatch done = new CountDownLatch(1000);
            for (int i = 0; i < 1000; i++) {
                channel.eventLoop().execute(done::countDown);
            }
            go.countDown();
            assertTrue(done.await(20, TimeUnit.SECONDS));
            long wakes = counters(channel).wakes() - before.wakes();
            assertTrue(wakes <= 5, wakes + " wake-ups");
        }
    }

    /** Nothing else waits for a connection that is read: no poll for its end. */
    @Test
    void aConnectionThatWaitsIsOneReceive() throws Exception {
        try (Wire wire = new Wire(StreamLifetimeTest.Echo::new);
                Socket first = wire.connect()) {
            Reactor reactor = Wire.reactor(wire.accepted());
            pingPong(first, 1);
            LoopCounters.Snapshot before = reactor.counters().snapshot();
            Socket[] clients = new Socket[20];
            for (int i = 0; i < clients.length; i++) {
                clients[i] = wire.connect();
                pingPong(clients[i], 1); // a send each
            }
            long sqes = reactor.counters().snapshot().sqes() - before.sqes();
            assertTrue(sqes <= 2L * clients.length + 2, sqes + " entries");
            for (Socket client : clients) {
                client.close();
            }
        }
    }

    @Test
    void anIdleLoopSleeps() throws Exception {
        try (Wire wire = new Wire(StreamLifetimeTest.Echo::new)) {
            Socket[] clients = new Socket[200];
            for (int i = 0; i < clients.length; i++) {
                clients[i] = wire.connect();
            }
            Channel last = wire.accepted();
            Eventually.isTrue(
                    Duration.ofSeconds(20), "accepted", () -> wire.accepted.size() == 199);
            Reactor reactor = Wire.reactor(last);
            LoopCounters.Snapshot before = reactor.counters().snapshot();
            assertTrue(!last.closeFuture().await(2, TimeUnit.SECONDS)); // nothing may happen
            long enters = reactor.counters().snapshot().enters() - before.enters();
            assertTrue(enters <= 3, enters + " calls"); // Netty ends a wait after a second
            for (Socket client : clients) {
                client.close();
            }
        }
    }
}
