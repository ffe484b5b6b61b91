package io.uring.simulation;

/**
 * Runs a simulation for many seeds. {@code -Dsimulation.seeds=100000} says for how many, {@code
 * -Dsimulation.seed=7} for which one, with the trace of what happened on standard output. A seed
 * that fails is in the message, with the command that repeats it.
 *
 * <pre>{@code
 * Seeds.of("net", "SimulatedNetTest").run(2_000, seed -> new Scenario(seed).run());
 * }</pre>
 */
public final class Seeds {
    /** One seed's run. */
    @FunctionalInterface
    public interface Simulation {
        void run(SimulatedKernel kernel) throws Exception;
    }

    private static final String COUNT = "simulation.seeds";
    private static final String ONE = "simulation.seed";

    private final String module;
    private final String test;

    private Seeds(String module, String test) {
        this.module = module;
        this.test = test;
    }

    public static Seeds of(String module, String test) {
        return new Seeds(module, test);
    }

    /** Runs seeds 1 to {@code count}, or as the properties say. */
    public void run(int count, Simulation simulation) {
        Long one = Long.getLong(ONE);
        if (one != null) {
            run(one, true, simulation);
            return;
        }
        int seeds = Integer.getInteger(COUNT, count);
        for (long seed = 1; seed <= seeds; seed++) {
            run(seed, false, simulation);
        }
    }

    /** Runs one seed with any plan, and returns the hash of what happened. */
    public long runOne(long seed, Simulation simulation) {
        return run(seed, false, simulation);
    }

    private long run(long seed, boolean shown, Simulation simulation) {
        FaultPlan plan = FaultPlan.random(new java.util.SplittableRandom(seed));
        SimulatedKernel kernel = SimulatedKernel.install(seed, plan);
        try {
            if (shown) {
                kernel.record();
            }
            simulation.run(kernel);
            check(kernel);
            return kernel.traceHash();
        } catch (Exception | AssertionError e) {
            throw new AssertionError(message(seed, plan, e), e);
        } finally {
            if (shown) {
                System.out.println(kernel.trace());
            }
            kernel.close();
        }
    }

    /** What holds at the end of every run. */
    private static void check(SimulatedKernel kernel) {
        if (!kernel.problems().isEmpty()) {
            throw new AssertionError(kernel.problems().toString());
        }
        if (kernel.openDescriptors() != 0) {
            throw new AssertionError("descriptors left open: " + kernel.descriptors());
        }
        if (kernel.mappings() != 0) {
            throw new AssertionError(kernel.mappings() + " mappings left");
        }
    }

    private String message(long seed, FaultPlan plan, Throwable failure) {
        return "seed %d failed: %s%nrepeat it with: ./mvnw -pl %s -am test -Dtest=%s -D%s=%d%n%s"
                .formatted(seed, failure, module, test, ONE, seed, plan);
    }
}
