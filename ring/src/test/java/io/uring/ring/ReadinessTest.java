package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Polls and epoll instances. */
@ExtendWith(DescriptorsReturn.class)
final class ReadinessTest {
    private static final int ENOENT = -2;
    private static final int EINVAL = -22;
    private static final int ECANCELED = -125;

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"POL-01", "POL-06"})
    void pollTellsWhatIsReadyAtOnceOrLater(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Libc.Pair sockets = Libc.socketPair(Libc.STREAM)) {
            PollOps.poll(test.sqe(), Descriptor.of(pipe.second()), PollOps.OUT).userData(1);
            test.take(1, PollOps.OUT);
            PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(2);
            test.ring().submit();
            assertEquals(List.of(), test.takeReady());
            Libc.write(pipe.second(), "x");
            test.take(2, PollOps.IN);
            PollOps.poll(test.sqe(), Descriptor.of(sockets.first()), PollOps.RDHUP).userData(3);
            SocketOps.shutdown(test.sqe(), Descriptor.of(sockets.second()), SocketOps.SHUT_WR)
                    .userData(4);
            test.take(4, 0);
            test.take(3, PollOps.RDHUP);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"POL-02", "MSH-06"})
    void multishotPollTellsEachWakeUpAndTheHangUp(RingType type) {
        try (TestRing test = type.open()) {
            Libc.Pair pipe = Libc.pipe();
            PollOps.pollMultishot(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(1);
            test.ring().submit();
            ControlOps.nop(test.sqe()).userData(3);
            test.take(3, 0);
            for (int i = 0; i < 3; i++) {
                Libc.write(pipe.second(), "x");
                TestRing.Event event = test.take(1, PollOps.IN);
                assertTrue(event.more());
                Libc.read(pipe.first());
            }
            Libc.close(pipe.second());
            TestRing.Event hangUp = test.take(1);
            assertTrue((hangUp.result() & PollOps.HUP) != 0);
            CancelOps.cancel(test.sqe(), 1).userData(2);
            if (hangUp.more()) {
                test.take(2, 0);
                assertFalse(test.take(1, ECANCELED).more());
            } else {
                test.take(2, ENOENT);
            }
            Libc.close(pipe.first());
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"POL-03", "POL-04"})
    void pollIsUpdatedAndRemoved(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair sockets = Libc.socketPair(Libc.STREAM)) {
            Descriptor socket = Descriptor.of(sockets.first());
            PollOps.poll(test.sqe(), socket, PollOps.PRI).userData(1);
            test.ring().submit();
            PollOps.pollUpdate(test.sqe(), 1, 10L).userData(2);
            test.take(2, 0);
            PollOps.pollUpdate(test.sqe(), 10, PollOps.IN).userData(3);
            test.take(3, 0);
            PollOps.pollUpdate(test.sqe(), 10, 11L, PollOps.OUT).userData(4);
            test.take(4, 0);
            test.take(11, PollOps.OUT); // ready when it was updated
            PollOps.pollUpdate(test.sqe(), 99, PollOps.IN).userData(5);
            test.take(5, ENOENT);
            PollOps.pollRemove(test.sqe(), 1).opFlags(PollOps.IN).userData(6);
            test.take(6, EINVAL); // events without saying that they change
            PollOps.poll(test.sqe(), socket, PollOps.IN).userData(7);
            PollOps.pollRemove(test.sqe(), 7).userData(8);
            test.take(8, 0);
            test.take(7, ECANCELED);
            PollOps.pollRemove(test.sqe(), 7).userData(9);
            test.take(9, ENOENT);
        }
    }

    @Test
    @Behaviour("POL-05")
    void regularFilesAreReadyAndOtherFieldsAreRefused(@TempDir Path directory) {
        int fd = Libc.create(directory.resolve("file"));
        try (TestRing test = TestRing.open()) {
            Descriptor file = Descriptor.of(fd);
            PollOps.poll(test.sqe(), file, PollOps.IN).userData(1);
            test.take(1, PollOps.IN);
            PollOps.poll(test.sqe(), file, PollOps.IN).off(1).userData(2);
            test.take(2, EINVAL);
            PollOps.poll(test.sqe(), file, PollOps.IN).addr(8).userData(3);
            test.take(3, EINVAL);
            PollOps.poll(test.sqe(), file, PollOps.IN).bufferIndex(1).userData(4);
            test.take(4, EINVAL);
            PollOps.poll(test.sqe(), file, PollOps.IN).len(8).userData(5); // level triggered
            test.take(5, EINVAL);
        }
        Libc.close(fd);
    }

    @Test
    @Behaviour("POL-07")
    void manyPollsAreWokenOrCancelledEachOnce() {
        long seed = System.nanoTime();
        System.out.println("ReadinessTest seed " + seed);
        Random random = new Random(seed);
        int pipes = 50;
        int perPipe = 200;
        List<Libc.Pair> all = new ArrayList<>();
        try (TestRing test = TestRing.open(256, 16384)) {
            for (int i = 0; i < pipes; i++) {
                all.add(Libc.pipe());
            }
            for (int i = 0; i < pipes * perPipe; i++) {
                Sqe sqe = test.ring().nextSqe();
                if (sqe == null) {
                    test.ring().submit();
                    sqe = test.sqe();
                }
                int fd = all.get(i % pipes).first();
                PollOps.poll(sqe, Descriptor.of(fd), PollOps.IN).userData(i);
            }
            test.ring().submit();
            int woken = 0;
            for (Libc.Pair pipe : all) {
                if (random.nextBoolean()) {
                    Libc.write(pipe.second(), "x");
                    woken += perPipe;
                }
            }
            for (TestRing.Event event : test.takeNext(woken)) {
                assertEquals(PollOps.IN, event.result(), "seed " + seed);
            }
            assertEquals(
                    pipes * perPipe - woken,
                    SyncCancel.cancel(test.ring(), Cancellation.any(), Ring.FOREVER),
                    "seed " + seed);
            for (TestRing.Event event : test.takeNext(pipes * perPipe - woken)) {
                assertEquals(ECANCELED, event.result(), "seed " + seed);
            }
        }
        all.forEach(Libc.Pair::close);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"POL-08", "POL-09"})
    void epollInstancesAreChangedAndAwaited(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            Fd epoll = Descriptor.of(Libc.epoll());
            Fd end = Descriptor.of(pipe.first());
            EpollEvents interest =
                    new EpollEvents(Arena.ofAuto(), 1).set(0, PollOps.IN, 0x0123456789ABCDEFL);
            EpollOps.add(test.sqe(), epoll, end, interest).userData(1);
            test.take(1, 0);
            EpollOps.add(test.sqe(), epoll, end, interest).userData(2);
            test.take(2, -17);
            EpollEvents events = new EpollEvents(Arena.ofAuto(), 4);
            EpollOps.await(test.sqe(), epoll, events).userData(3);
            test.ring().submit();
            assertEquals(List.of(), test.takeReady());
            Libc.write(pipe.second(), "x");
            test.take(3, 1);
            assertEquals(PollOps.IN, events.events(0));
            assertEquals(0x0123456789ABCDEFL, events.data(0));
            EpollOps.modify(test.sqe(), epoll, end, interest.set(0, PollOps.PRI, 7)).userData(4);
            test.take(4, 0);
            EpollOps.await(test.sqe(), epoll, events).userData(5);
            test.ring().submit();
            CancelOps.cancel(test.sqe(), 5).userData(6);
            test.take(6, 0);
            test.take(5, ECANCELED);
            EpollOps.delete(test.sqe(), epoll, end).userData(7);
            test.take(7, 0);
            EpollOps.delete(test.sqe(), epoll, end).userData(8);
            test.take(8, ENOENT);
            EpollOps.add(test.sqe(), epoll, end, interest).addr(0).userData(9);
            test.take(9, -14);
            EpollOps.await(test.sqe(), epoll, events).len(0).userData(10);
            test.take(10, EINVAL);
            EpollOps.await(test.sqe(), end, events).userData(11);
            test.take(11, EINVAL);
            Libc.close(epoll.number());
        }
    }
}
