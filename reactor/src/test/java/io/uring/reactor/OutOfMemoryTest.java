package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.ControlOps;
import io.uring.ring.Sqe;
import io.uring.simulation.FailingKernel;
import io.uring.testkit.NothingLeft;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A heap that is full for a while costs the loop nothing, and one that stays full ends it. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class OutOfMemoryTest {
    private final AtomicInteger failures = new AtomicInteger();

    /** In so many of the next turns the heap is full. */
    private long enter(String call) {
        if (call.equals("enter") && failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new OutOfMemoryError("on purpose");
        }
        return FailingKernel.GO_ON;
    }

    @Test
    void loopOutlivesTurnsWithoutMemory() throws Exception {
        try (FailingKernel _ = FailingKernel.install(this::enter);
                EventLoop loop = EventLoop.start(ReactorConfig.defaults())) {
            CountDownLatch done = new CountDownLatch(1);
            loop.execute(() -> {
                Turns.Probe nop = Turns.nop();
                nop.then = done::countDown;
                loop.reactor().submit(nop);
                failures.set(20);
            });
            assertTrue(done.await(10, TimeUnit.SECONDS), "it goes on");
            assertEquals(0, failures.get());
            assertNull(loop.failure());
        }
    }

    @Test
    void loopWithoutMemoryForGoodEndsAndTells() throws Exception {
        try (FailingKernel _ = FailingKernel.install(this::enter);
                EventLoop loop = EventLoop.start(ReactorConfig.defaults())) {
            loop.execute(() -> failures.set(1_000));
            loop.terminated().get(30, TimeUnit.SECONDS);
            assertInstanceOf(OutOfMemoryError.class, loop.failure());
        }
    }

    /** Whose completion fails, and its first attempts to end as well. */
    private static final class Starving extends Operation implements Resource {
        private final Reactor reactor;
        private final int enough;
        private int attempts;
        private boolean ended;

        /**
         * @param enough the attempt to end that finds memory
         */
        Starving(Reactor reactor, int enough) {
            this.reactor = reactor;
            this.enough = enough;
        }

        @Override
        protected void prepare(Sqe sqe) {
            ControlOps.nop(sqe);
        }

        @Override
        protected void complete(int result, int flags) {
            throw new OutOfMemoryError("on purpose");
        }

        @Override
        protected void completionFailed(Throwable cause) {
            retryEnd();
        }

        @Override
        public void retryEnd() {
            if (++attempts < enough) {
                throw new OutOfMemoryError("on purpose, again");
            }
            reactor.detach(this);
            ended = true;
        }

        @Override
        public void shutdown() {
            reactor.detach(this);
        }
    }

    @Test
    void whatFindsNoMemoryToEndIsAskedAgain() {
        try (Turns turns = new Turns()) {
            Starving starving = new Starving(turns.reactor, 5);
            turns.reactor.attach(starving);
            turns.reactor.submit(starving);
            turns.until(() -> starving.ended);
            assertEquals(5, starving.attempts);
            turns.during(20_000_000);
            assertEquals(5, starving.attempts, "not for ever");
        }
    }

    @Test
    void whatNeverFindsMemoryIsNotAskedForEver() {
        try (Turns turns = new Turns()) {
            Starving starving = new Starving(turns.reactor, Integer.MAX_VALUE);
            turns.reactor.attach(starving);
            turns.reactor.submit(starving);
            turns.until(() -> starving.attempts > 0);
            int before = -1;
            while (before < starving.attempts) {
                before = starving.attempts;
                Turns.Probe nop = Turns.nop(); // so that the turn does not wait
                turns.reactor.submit(nop);
                turns.until(nop::isDone);
            }
            assertTrue(before > 1_000, "asked for a while: " + before);
            assertEquals(0, turns.reactor.poll(0), "and goes on");
        }
    }

    @Test
    void operationThatFindsNoMemoryToPrepareIsNotPending() {
        try (Turns turns = new Turns()) {
            Turns.Probe failing =
                    new Turns.Probe(_ -> {
                        throw new OutOfMemoryError("on purpose");
                    });
            assertThrows(OutOfMemoryError.class, () -> turns.reactor.submit(failing));
            assertEquals(0, turns.reactor.pendingOperations());
            Turns.Probe next = Turns.nop();
            turns.reactor.submit(next);
            turns.until(next::isDone);
            assertEquals(0, failing.results.size());
        }
    }
}
