package io.uring.reactor;

import io.uring.ring.Ring;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;

/**
 * What a loop tells the JDK's flight recorder. Used only once {@link FlightRecording#isOn}; the
 * recorder adds the loop's thread to each event.
 */
@SuppressWarnings("UnusedVariable") // the recorder reads the fields
final class LoopEvents {
    private final String loop;
    private final Ring ring;
    private final LoopCounters counters;
    private final Reactor reactor;
    private final Runnable period = this::count;
    private long overflows;
    private long exhaustions;

    LoopEvents(Reactor reactor, Ring ring, LoopCounters counters) {
        this.reactor = reactor;
        this.ring = ring;
        this.counters = counters;
        this.loop = Thread.currentThread().getName();
    }

    void started() {
        LoopStarted event = new LoopStarted();
        if (event.shouldCommit()) {
            event.loop = loop;
            event.sqEntries = ring.sqEntries();
            event.cqEntries = ring.cqEntries();
            event.features = ring.capabilities().features().toString();
            event.commit();
        }
        FlightRecorder.addPeriodicEvent(LoopStatistics.class, period);
    }

    void ended(@Nullable Throwable failure) {
        FlightRecorder.removePeriodicEvent(period);
        LoopEnded event = new LoopEnded();
        if (event.shouldCommit()) {
            event.loop = loop;
            event.failure = failure == null ? null : failure.toString();
            event.commit();
        }
    }

    /** Once a turn: compares two numbers. */
    void turned() {
        long overflowed = counters.overflows();
        if (overflowed != overflows) {
            CompletionQueueOverflow event = new CompletionQueueOverflow();
            event.loop = loop;
            event.count = overflowed - overflows;
            event.cqEntries = ring.cqEntries();
            event.commit();
            overflows = overflowed;
        }
        long exhausted = counters.exhaustions();
        if (exhausted != exhaustions) {
            BufferExhaustion event = new BufferExhaustion();
            event.loop = loop;
            event.count = exhausted - exhaustions;
            event.commit();
            exhaustions = exhausted;
        }
    }

    /** On the recorder's thread. */
    private void count() {
        LoopCounters.Snapshot now = counters.snapshot();
        LoopStatistics event = new LoopStatistics();
        event.loop = loop;
        event.resources = reactor.resourceCount();
        event.enters = now.enters();
        event.sqes = now.sqes();
        event.cqes = now.cqes();
        event.overflows = now.overflows();
        event.staleCompletions = now.staleCompletions();
        event.exhaustions = now.exhaustions();
        event.wakes = now.wakes();
        event.accepts = now.accepts();
        event.failures = now.failures();
        event.bytesReceived = now.bytesReceived();
        event.bytesSent = now.bytesSent();
        event.commit();
    }

    /** Whether somebody wants slow callbacks: then each is timed. Asked once a turn. */
    static boolean timesCallbacks() {
        return SlowCallback.QUESTION.isEnabled();
    }

    static SlowCallback begin() {
        SlowCallback event = new SlowCallback();
        event.begin();
        return event;
    }

    @Category("io_uring")
    @StackTrace(false)
    private abstract static class LoopEvent extends Event {
        @Label("Loop")
        @Nullable String loop;
    }

    @Name("io.uring.LoopStarted")
    @Label("Loop Started")
    private static final class LoopStarted extends LoopEvent {
        @Label("Submission Queue Entries")
        int sqEntries;

        @Label("Completion Queue Entries")
        int cqEntries;

        @Label("Kernel Features in Use")
        @Nullable String features;
    }

    @Name("io.uring.LoopEnded")
    @Label("Loop Ended")
    private static final class LoopEnded extends LoopEvent {
        @Label("Failure")
        @Description("Why it ended by itself, or null")
        @Nullable String failure;
    }

    @Name("io.uring.LoopStatistics")
    @Label("Loop Statistics")
    @Description("Counters since the loop started")
    @Period("10 s")
    private static final class LoopStatistics extends LoopEvent {
        @Label("Sockets and Listeners")
        int resources;

        @Label("Calls of io_uring_enter")
        long enters;

        @Label("Submissions")
        long sqes;

        @Label("Completions")
        long cqes;

        @Label("Completion Queue Overflows")
        long overflows;

        @Label("Stale Completions")
        long staleCompletions;

        @Label("Buffer Exhaustions")
        long exhaustions;

        @Label("Wake-Ups by Other Threads")
        long wakes;

        @Label("Accepted Connections")
        long accepts;

        @Label("Failures")
        long failures;

        @Label("Bytes Received")
        @DataAmount
        long bytesReceived;

        @Label("Bytes Sent")
        @DataAmount
        long bytesSent;
    }

    @Name("io.uring.SlowCallback")
    @Label("Slow Callback")
    @Description("All connections of a loop wait while a callback runs on it")
    @Category("io_uring")
    @StackTrace(false)
    @Threshold("20 ms")
    static final class SlowCallback extends Event {
        static final SlowCallback QUESTION = new SlowCallback();

        @Label("Callback")
        @Nullable String callback;

        void end(Object whose) {
            end();
            if (shouldCommit()) {
                callback = String.valueOf(whose);
                commit();
            }
        }
    }

    @Name("io.uring.CompletionQueueOverflow")
    @Label("Completion Queue Overflow")
    private static final class CompletionQueueOverflow extends LoopEvent {
        @Label("Overflows in this Turn")
        long count;

        @Label("Completion Queue Entries")
        int cqEntries;
    }

    @Name("io.uring.BufferExhaustion")
    @Label("Receive Buffer Exhaustion")
    @Description("Receives that found no shared buffer: see ReactorConfig.withReceiveBuffers")
    private static final class BufferExhaustion extends LoopEvent {
        @Label("Receives in this Turn")
        long count;
    }
}
