package io.uring.bench;

import io.uring.ring.CompletionHandler;
import io.uring.ring.ControlOps;
import io.uring.ring.Feature;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A batch of NOPs: prepared, submitted and awaited in one system call, drained. {@code
 * bench/c/nop.c} does the same in C; {@code bench/ring-nop.sh} runs both. The score is the time of
 * a whole batch.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
        value = 1,
        jvmArgs = {"--enable-native-access=ALL-UNNAMED"})
public class RingNopBenchmark {
    private static final int SQ_ENTRIES = 256;
    private static final int CQ_ENTRIES = 1024;

    /** The kinds of rings, named as in the script. */
    @SuppressWarnings("ImmutableEnumChecker") // The sets stay as they are made.
    public enum Type {
        BEST(
                c -> c,
                EnumSet.of(
                        Feature.DEFER_TASKRUN,
                        Feature.SINGLE_ISSUER,
                        Feature.R_DISABLED,
                        Feature.TASKRUN_FLAG,
                        Feature.SUBMIT_ALL,
                        Feature.NO_SQARRAY)),
        PLAIN(c -> c, EnumSet.noneOf(Feature.class)),
        COOP(c -> c, EnumSet.of(Feature.COOP_TASKRUN)),
        DEFER(c -> c, EnumSet.of(Feature.DEFER_TASKRUN, Feature.SINGLE_ISSUER, Feature.R_DISABLED)),
        CQE32(RingConfig::cqe32, EnumSet.of(Feature.NO_SQARRAY)),
        SQE128(RingConfig::sqe128, EnumSet.of(Feature.NO_SQARRAY));

        private final UnaryOperator<RingConfig> asks;
        private final Set<Feature> taken;

        Type(UnaryOperator<RingConfig> asks, Set<Feature> taken) {
            this.asks = asks;
            this.taken = taken;
        }

        Ring open() {
            Set<Feature> masked =
                    EnumSet.of(
                            Feature.DEFER_TASKRUN,
                            Feature.SINGLE_ISSUER,
                            Feature.R_DISABLED,
                            Feature.TASKRUN_FLAG,
                            Feature.COOP_TASKRUN,
                            Feature.SUBMIT_ALL,
                            Feature.NO_SQARRAY);
            masked.removeAll(taken);
            return Ring.open(asks.apply(new RingConfig(SQ_ENTRIES, CQ_ENTRIES, masked)));
        }
    }

    @Param({"BEST", "PLAIN", "COOP", "DEFER", "CQE32", "SQE128"})
    @SuppressWarnings("NullAway.Init") // Set by JMH.
    private Type type;

    @Param({"1", "32", "128"})
    private int batch;

    @SuppressWarnings("NullAway.Init") // Set by JMH's set-up.
    private Ring ring;

    private long sum;
    private final CompletionHandler adds =
            (userData, result, flags) -> sum += userData + result + flags;

    @Setup(Level.Trial)
    public void open() {
        ring = type.open();
        ring.enable();
    }

    @TearDown(Level.Trial)
    public void close() {
        ring.close();
    }

    @Benchmark
    public long batch() {
        for (int i = 0; i < batch; i++) {
            ControlOps.nop(Objects.requireNonNull(ring.nextSqe())).userData(i);
        }
        ring.submitAndWait(batch, Ring.FOREVER);
        ring.drain(adds);
        return sum;
    }
}
