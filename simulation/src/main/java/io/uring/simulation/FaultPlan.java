package io.uring.simulation;

import io.uring.ring.Feature;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What kind of kernel is simulated: how often each fault strikes, what the kernel cannot do, and
 * how large things are.
 *
 * <pre>{@code
 * FaultPlan plan = FaultPlan.none().with(Fault.SHORT_RECEIVE, 200).onRelease(600);
 * SimulatedKernel kernel = new SimulatedKernel(42, plan);
 * }</pre>
 *
 * @param perMille how often each fault strikes where it could, of a thousand times
 * @param release the release of the kernel, 618 for 6.18, which decides what it has
 * @param missing what it lacks besides
 * @param maxEntries larger queues are refused with ENOMEM
 * @param socketBufferBytes room in each direction of a connection, at either end
 * @param latencyNanos the longest way through the network
 */
public record FaultPlan(
        Map<Fault, Integer> perMille,
        int release,
        Set<Feature> missing,
        int maxEntries,
        int socketBufferBytes,
        long latencyNanos) {
    /** The kernel whose interface this library knows. */
    public static final int NEWEST_RELEASE = 618;

    private static final int MAX_ENTRIES = 65536;
    private static final int ALWAYS = 1000;
    private static final int[] RATES = {2, 10, 50, 200};

    /** The first releases of what makes a difference to the code above. */
    private static final int[] RELEASES = {507, 511, 518, 519, 600, 601, 606, 612, 613, 615};

    /** Without NODROP: no kernel that can carry sockets (5.7) lacks it. */
    private static final Feature[] OPTIONAL = {
        Feature.PBUF_RING,
        Feature.PBUF_RING_INC,
        Feature.SEND_MSG_RING,
        Feature.EXT_ARG,
        Feature.SUBMIT_STABLE,
        Feature.SINGLE_MMAP,
        Feature.DEFER_TASKRUN,
        Feature.NO_SQARRAY,
        Feature.R_DISABLED,
        Feature.SUBMIT_ALL,
        Feature.TASKRUN_FLAG,
        Feature.COOP_TASKRUN
    };

    public FaultPlan {
        // In the order of their declaration, so that the same plan reads the same.
        Map<Fault, Integer> rates = new EnumMap<>(Fault.class);
        rates.putAll(perMille);
        perMille = Collections.unmodifiableMap(rates);
        Set<Feature> lacks = EnumSet.noneOf(Feature.class);
        lacks.addAll(missing);
        missing = Collections.unmodifiableSet(lacks);
    }

    /** A kernel of the newest release that does everything at once and right. */
    public static FaultPlan none() {
        return new FaultPlan(Map.of(), NEWEST_RELEASE, Set.of(), MAX_ENTRIES, 64 * 1024, 50_000);
    }

    /** Any plan. Of the faults only some are on, or they would hide each other. */
    public static FaultPlan random(SplittableRandom random) {
        Map<Fault, Integer> perMille = new EnumMap<>(Fault.class);
        boolean faulty = random.nextInt(10) != 0;
        for (Fault fault : Fault.values()) {
            int rate = RATES[random.nextInt(RATES.length)];
            if (faulty && random.nextInt(3) == 0) {
                perMille.put(fault, rate);
            }
        }
        boolean newest = random.nextBoolean();
        int release = newest ? NEWEST_RELEASE : RELEASES[random.nextInt(RELEASES.length)];
        Set<Feature> missing = EnumSet.noneOf(Feature.class);
        if (random.nextInt(3) == 0) {
            int count = random.nextInt(1, 4);
            for (int i = 0; i < count; i++) {
                missing.add(OPTIONAL[random.nextInt(OPTIONAL.length)]);
            }
        }
        return new FaultPlan(
                perMille,
                release,
                missing,
                random.nextInt(4) == 0 ? 8 << random.nextInt(4) : MAX_ENTRIES,
                1 << random.nextInt(6, 17),
                1 << random.nextInt(8, 24));
    }

    /** The same with one fault of another frequency; 1000 is always. */
    public FaultPlan with(Fault fault, int rate) {
        if (rate < 0 || rate > ALWAYS) {
            throw new IllegalArgumentException("rate " + rate + ", not 0 to 1000");
        }
        Map<Fault, Integer> more = new EnumMap<>(Fault.class);
        more.putAll(perMille);
        more.put(fault, rate);
        return new FaultPlan(more, release, missing, maxEntries, socketBufferBytes, latencyNanos);
    }

    /** The same on another release, 519 for 5.19. */
    public FaultPlan onRelease(int number) {
        return new FaultPlan(
                perMille, number, missing, maxEntries, socketBufferBytes, latencyNanos);
    }

    /** The same, lacking these features. */
    public FaultPlan without(Feature... features) {
        return new FaultPlan(
                perMille, release, Set.of(features), maxEntries, socketBufferBytes, latencyNanos);
    }

    /** The same with queues of at most so many entries. */
    public FaultPlan withMaxEntries(int entries) {
        return new FaultPlan(perMille, release, missing, entries, socketBufferBytes, latencyNanos);
    }

    /** The same with socket buffers of another size. */
    public FaultPlan withSocketBuffers(int bytes) {
        return new FaultPlan(perMille, release, missing, maxEntries, bytes, latencyNanos);
    }

    int perMille(Fault fault) {
        return perMille.getOrDefault(fault, 0);
    }

    boolean has(Feature feature) {
        return hasRelease(feature.since()) && !missing.contains(feature);
    }

    boolean hasRelease(String since) {
        String[] parts = since.split("\\.", 2);
        return Integer.parseInt(parts[0]) * 100 + Integer.parseInt(parts[1]) <= release;
    }
}
