package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages and files that rings send each other. */
@ExtendWith(DescriptorsReturn.class)
final class MessageTest {
    private static final int EBADF = -9;
    private static final int EINVAL = -22;
    private static final int EBADFD = -77;

    private static Fd of(TestRing test) {
        return Descriptor.of(test.ring().fd());
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"MSG-01", "MSG-02", "MSG-03"})
    void messageBecomesACompletionThere(RingType type) {
        try (TestRing source = type.open();
                TestRing target = type.open()) {
            MessageOps.send(source.sqe(), of(target), -5, 77).userData(1);
            source.take(1, 0);
            target.take(-5, 77);
            MessageOps.send(source.sqe(), of(source), 6, 78).userData(2);
            source.take(2, 0);
            source.take(6, 78);
            MessageOps.send(source.sqe(), of(target), 7, 79, 0x30001).userData(3);
            source.take(3, 0);
            assertEquals(0x30001, target.take(7, 79).flags());
            MessageOps.send(source.sqe(), of(target), 8, 80).fileIndex(1).userData(4);
            source.take(4, EINVAL);
        }
    }

    @Test
    @Behaviour("MSG-03")
    void wrongTargetsAndCommandsAreRefused() {
        try (TestRing source = TestRing.open();
                Libc.Pair pipe = Libc.pipe();
                Ring disabled = Ring.open(new RingConfig(8, 32, java.util.Set.of()))) {
            MessageOps.send(source.sqe(), Descriptor.of(pipe.first()), 1, 1).userData(1);
            source.take(1, EBADFD);
            MessageOps.send(source.sqe(), Descriptor.of(disabled.fd()), 1, 1).userData(2);
            source.take(2, EBADFD);
            MessageOps.send(source.sqe(), of(source), 1, 1).addr(9).userData(3);
            source.take(3, EINVAL);
            MessageOps.send(source.sqe(), of(source), 1, 1).opFlags(1 << 10).userData(4);
            source.take(4, EINVAL);
            MessageOps.send(source.sqe(), Descriptor.of(9999), 1, 1).userData(5);
            source.take(5, EBADF);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("MSG-04")
    void filesGoFromSlotToSlot(RingType type) {
        try (TestRing source = type.open();
                TestRing target = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            FileTable from = FileTable.register(source.ring(), -1, pipe.first());
            MessageOps.sendFile(
                            source.sqe(), of(target), from.slot(1), Descriptor.direct(0), 9, false)
                    .userData(1);
            int noTable = source.take(1).result();
            assertTrue(noTable == -6 || noTable == -23, "result " + noTable);
            FileTable to = FileTable.sparse(target.ring(), 4);
            MessageOps.sendFile(source.sqe(), of(target), from.slot(1), to.slot(2), 10, false)
                    .userData(2);
            source.take(2, 0);
            target.take(10, 0);
            MessageOps.sendFile(
                            source.sqe(), of(target), from.slot(1), DirectDescriptor.ANY, 11, false)
                    .userData(3);
            int slot = source.take(3).result();
            target.take(11, slot);
            Libc.write(pipe.second(), "moved");
            MemorySegment buffer = Arena.ofAuto().allocate(5);
            FileOps.read(target.sqe(), to.slot(slot), buffer, 0).userData(4);
            target.take(4, 5);
            MessageOps.sendFile(source.sqe(), of(target), from.slot(1), to.slot(2), 12, true)
                    .userData(5);
            source.take(5, 0);
            assertEquals(List.of(), target.takeReady());
            MessageOps.sendFile(source.sqe(), of(target), from.slot(0), to.slot(2), 13, false)
                    .userData(6);
            source.take(6, EBADF);
            MessageOps.sendFile(source.sqe(), of(source), from.slot(1), from.slot(0), 14, false)
                    .userData(7);
            source.take(7, EINVAL);
        }
    }

    @Test
    @Behaviour("MSG-07")
    void callSendsDataOnlyAndNoFlagsOfEntries() {
        LinuxKernel kernel = LinuxKernel.instance();
        try (TestRing target = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            target.ring().message(5, 6).send();
            target.take(5, 6);
            long entry = arena.allocate(64, 8).address();
            int call = Abi.REGISTER_SEND_MSG_RING;
            MessageOps.send(new Sqe().at(entry), of(target), 1, 1).link();
            assertEquals(EINVAL, kernel.register(-1, call, entry, 1));
            ControlOps.nop(new Sqe().at(entry));
            assertEquals(EINVAL, kernel.register(-1, call, entry, 1));
            DirectDescriptor slot = Descriptor.direct(0);
            MessageOps.sendFile(new Sqe().at(entry), of(target), slot, slot, 1, false);
            assertTrue(kernel.register(-1, call, entry, 1) < 0);
        }
    }

    @Test
    @Behaviour("MSG-08")
    void fourSendersReachOneReceiver() throws Exception {
        int each = 50_000;
        long[] sums = new long[2];
        try (TestRing target = TestRing.open(64, 1024)) {
            Fd receiver = of(target);
            Thread[] senders = new Thread[4];
            AtomicReference<Throwable> failure = new AtomicReference<>();
            for (int i = 0; i < senders.length; i++) {
                senders[i] =
                        Thread.ofPlatform()
                                .start(() -> {
                                    try {
                                        send(receiver, each);
                                    } catch (Throwable e) {
                                        failure.set(e);
                                    }
                                });
            }
            long total = (long) each * senders.length;
            CompletionHandler sum =
                    (userData, result, flags) -> {
                        sums[0] += userData;
                        sums[1]++;
                    };
            long start = System.nanoTime();
            while (sums[1] < total && System.nanoTime() - start < 60_000_000_000L) {
                target.ring().submitAndWait(1, 1_000_000_000L);
                target.ring().drain(sum);
            }
            for (Thread sender : senders) {
                sender.join();
            }
            assertEquals(null, failure.get());
            assertEquals(total, sums[1]);
            assertEquals(4L * each * (each + 1) / 2, sums[0]);
        }
    }

    private static void send(Fd receiver, int count) {
        try (TestRing source = TestRing.open(64, 256)) {
            int next = 1;
            while (next <= count) {
                int batch = Math.min(32, count - next + 1);
                for (int i = 0; i < batch; i++) {
                    MessageOps.send(source.sqe(), receiver, next++, 0).userData(1);
                }
                for (TestRing.Event event : source.takeNext(batch)) {
                    assertEquals(0, event.result());
                }
            }
        }
    }

    @Test
    @Behaviour("MSG-09")
    void ringWhoseOwnerHasEndedIsAnErrorNotAHang() throws Exception {
        AtomicReference<Ring> orphan = new AtomicReference<>();
        CountDownLatch ready = new CountDownLatch(1);
        Thread owner =
                Thread.ofPlatform()
                        .start(() -> {
                            Ring ring = Ring.open(new RingConfig(8, 32, java.util.Set.of()));
                            ring.enable();
                            orphan.set(ring);
                            ready.countDown();
                        });
        ready.await();
        owner.join();
        try (TestRing source = TestRing.open()) {
            MessageOps.send(source.sqe(), Descriptor.of(orphan.get().fd()), 1, 1).userData(1);
            int result = source.take(1).result();
            assertTrue(result == -130 || result == EBADFD || result == 0, "result " + result);
        }
        orphan.get().close();
    }
}
