package io.uring.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** What all parts of a simulated kernel share. */
final class World {
    final FaultPlan plan;
    final Agenda agenda = new Agenda();
    final Trace trace = new Trace(agenda);
    final Descriptors descriptors = new Descriptors(this);
    final List<String> problems = new ArrayList<>();
    final Dice dice;
    final Memory memory;

    World(FaultPlan plan, SplittableRandom random) {
        this.plan = plan;
        this.dice = new Dice(random, plan, trace);
        this.memory = new Memory(this);
    }

    /** Something that Linux would punish, now or another time. */
    void problem(String what) {
        trace.add("problem", problems.size(), 0, 0, what);
        problems.add(what);
    }
}
