package io.uring.net;

import java.util.Random;

/** Random numbers that can be had again: the seed is printed, and taken from {@code -Dseed}. */
final class Seed {
    private Seed() {}

    static Random random(String test) {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println(test + ": -Dseed=" + seed);
        return new Random(seed);
    }
}
