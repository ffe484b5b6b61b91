package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Multishot receive and incremental consumption of buffers. */
@ExtendWith(DescriptorsReturn.class)
final class MultishotReceiveTest {
    private static final int ENOBUFS = -105;
    private static final int ECANCELED = -125;

    @Test
    @Behaviour("MSH-01")
    void eachArrivalIsACompletionAndTheEndIsTheLast() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 4, 16, false);
            arm(test, ends.first());
            for (String text : List.of("one", "two", "three")) {
                Libc.write(ends.second(), text);
                TestRing.Event event = test.take(1, text.length());
                assertTrue(event.more());
                assertEquals(text, BufferRingTest.text(buffers, event));
            }
            SocketOps.shutdown(test.sqe(), Descriptor.of(ends.second()), 1).userData(2);
            test.take(2, 0);
            TestRing.Event end = test.take(1, 0);
            assertFalse(end.more() || end.hasBuffer(), end::toString);
        }
    }

    @Test
    @Behaviour("MSH-01")
    void errorIsTheLast() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            BufferRing.register(test.ring(), 0, 4, 16, false);
            arm(test, pipe.first());
            assertFalse(test.take(1, -88).more());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Behaviour("MSH-02")
    @RequiresKernel("6.12")
    void lackOfBuffersEndsItAndArmingAgainLosesNoByte(boolean incremental) {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 2, 4, incremental);
            String sent = "abcdefghijklmnopqrstuvwxyz";
            Libc.write(ends.second(), sent);
            arm(test, ends.first());
            StringBuilder received = new StringBuilder();
            int exhausted = 0;
            while (received.length() < sent.length()) {
                TestRing.Event event = test.take(1);
                if (event.result() == ENOBUFS) {
                    assertFalse(event.more());
                    exhausted++;
                    buffers.recycle(1);
                    buffers.recycle(0);
                    buffers.publish();
                    arm(test, ends.first());
                } else {
                    received.append(BufferRingTest.text(buffers, event));
                    buffers.advance(event.bufferId(), event.result());
                }
            }
            assertEquals(sent, received.toString());
            assertEquals(3, exhausted);
            CancelOps.cancel(test.sqe(), 1).userData(2);
            test.take(2, 0);
            test.take(1, ECANCELED);
        }
    }

    @Test
    @Behaviour("CAN-07")
    void cancellationIsTheLast() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing.register(test.ring(), 0, 4, 16, false);
            arm(test, ends.first());
            Libc.write(ends.second(), "x");
            assertTrue(test.take(1, 1).more());
            CancelOps.cancelAll(test.sqe(), Descriptor.of(ends.first())).userData(2);
            test.take(2, 1);
            assertFalse(test.take(1, ECANCELED).more());
        }
    }

    @Test
    @Behaviour({"MSH-09", "CQ-04"})
    void overflowOfTheCompletionQueueLosesNoByte() {
        int messages = 60;
        try (TestRing test = TestRing.open(4, 4);
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 64, 16, false);
            arm(test, ends.first());
            test.ring().submit();
            // A unix socket queues about ten datagrams; the test reads when it is full.
            int received = 0;
            for (int sent = 0; sent < messages; sent += 10) {
                for (int i = 0; i < 10; i++) {
                    Libc.write(ends.second(), "message " + (sent + i));
                }
                for (int i = 0; i < 10; i++) {
                    TestRing.Event event = test.take(1);
                    assertEquals("message " + received++, BufferRingTest.text(buffers, event));
                    if (!event.more()) {
                        arm(test, ends.first());
                    }
                }
            }
            CancelOps.cancel(test.sqe(), 1).userData(2);
            test.take(2, 0);
            test.take(1, ECANCELED);
            assertEquals(0, test.ring().lostCompletions());
        }
    }

    @Test
    @Behaviour("BUF-13")
    @RequiresKernel("6.12")
    void incrementalBufferIsFilledFromWhereTheLastCompletionEnded() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 2, 8, true);
            assertTrue(buffers.isIncremental());
            for (String text : List.of("abc", "de")) {
                Libc.write(ends.second(), text);
                TestRing.Event event = receive(test, ends, buffers, text.length());
                assertEquals(0, event.bufferId());
                assertTrue(event.bufferMore());
                assertEquals(text, consume(buffers, event));
            }
            assertEquals(5, buffers.offset(0));
            Libc.write(ends.second(), "fghij"); // three fit
            TestRing.Event last = receive(test, ends, buffers, 3);
            assertFalse(last.bufferMore());
            assertEquals("fgh", consume(buffers, last));
            TestRing.Event next = receive(test, ends, buffers, 2);
            assertEquals(1, next.bufferId());
            assertEquals("ij", consume(buffers, next));
            assertEquals(8 + 2, buffers.offset(1));
        }
    }

    @Test
    @Behaviour({"BUF-13", "BUF-14"})
    @RequiresKernel("6.12")
    void incrementalBuffersRecycledInOtherOrderStartFromTheirBeginning() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 4, 4, true);
            for (int round = 0; round < 100; round++) {
                int[] order = {3, 1, 0, 2};
                for (int i = 0; i < 4; i++) {
                    Libc.write(ends.second(), "abcd");
                    TestRing.Event event = receive(test, ends, buffers, 4);
                    assertEquals(round == 0 ? i : order[i], event.bufferId());
                    assertEquals("abcd", consume(buffers, event));
                }
                for (int id : order) {
                    buffers.recycle(id);
                    assertEquals(4L * id, buffers.offset(id));
                }
                buffers.publish();
            }
        }
    }

    @Test
    @Behaviour("BUF-14")
    @RequiresKernel("6.12")
    void streamThroughIncrementalBuffersKeepsEveryByte() {
        int total = 1_000_000;
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 4, 1000, true);
            arm(test, ends.first());
            int sent = 0;
            int received = 0;
            while (received < total) {
                if (sent - received < 5_000 && sent < total) {
                    byte[] chunk = new byte[Math.min(1 + sent % 777, total - sent)];
                    for (int i = 0; i < chunk.length; i++) {
                        chunk[i] = (byte) (sent++ % 251);
                    }
                    Libc.write(ends.second(), chunk);
                }
                TestRing.Event event = test.take(1);
                if (event.hasBuffer()) {
                    received = verify(buffers, event, received);
                }
                if (!event.more()) {
                    arm(test, ends.first());
                }
            }
            assertEquals(total, received);
            CancelOps.cancel(test.sqe(), 1).userData(2);
            test.take(2, 0);
            test.take(1, ECANCELED);
        }
    }

    private static int verify(BufferRing buffers, TestRing.Event event, int position) {
        long offset = buffers.offset(event.bufferId());
        for (int i = 0; i < event.result(); i++) {
            byte actual = buffers.memory().get(java.lang.foreign.ValueLayout.JAVA_BYTE, offset + i);
            assertEquals((byte) ((position + i) % 251), actual);
        }
        buffers.advance(event.bufferId(), event.result());
        if (!event.bufferMore()) {
            buffers.recycle(event.bufferId());
            buffers.publish();
        }
        return position + event.result();
    }

    private static void arm(TestRing test, int socket) {
        SocketOps.recvMultishot(test.sqe(), Descriptor.of(socket), 0).userData(1);
    }

    private static TestRing.Event receive(
            TestRing test, Libc.Pair ends, BufferRing buffers, int bytes) {
        BufferRingTest.receive(test, ends.first(), buffers);
        return test.take(1, bytes);
    }

    private static String consume(BufferRing buffers, TestRing.Event event) {
        String text = BufferRingTest.text(buffers, event);
        buffers.advance(event.bufferId(), event.result());
        return text;
    }
}
