package io.uring.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** What a contender did in a scenario: medians of its rounds. */
record Row(Contender contender, List<Round> rounds) {
    Row {
        rounds = List.copyOf(rounds);
    }

    double cpuMicros() {
        return median(Round::cpuMicros);
    }

    double perSecond() {
        return median(Round::perSecond);
    }

    double median(ToDoubleFunction<Round> figure) {
        return Statistics.median(rounds.stream().map(figure::applyAsDouble).toList());
    }

    double cpuSpread() {
        return Statistics.spread(rounds.stream().map(Round::cpuMicros).toList());
    }

    long noisyRounds() {
        return rounds.stream().filter(Round::isNoisy).count();
    }

    long errors() {
        return rounds.stream().mapToLong(Round::errors).max().orElse(0);
    }
}
