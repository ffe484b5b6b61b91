package io.uring.reactor;

import java.util.ArrayList;

/** What is to be done at the end of a turn, in the order it was asked for. */
final class EndOfTurn {
    private final Reactor reactor;
    private ArrayList<Runnable> tasks = new ArrayList<>();
    private ArrayList<Runnable> running = new ArrayList<>();

    EndOfTurn(Reactor reactor) {
        this.reactor = reactor;
    }

    void add(Runnable task) {
        tasks.add(task);
    }

    boolean isEmpty() {
        return tasks.isEmpty();
    }

    /** Runs all, and what they add. */
    void run() {
        while (!tasks.isEmpty()) {
            ArrayList<Runnable> due = tasks;
            tasks = running;
            running = due;
            for (int i = 0; i < due.size(); i++) {
                reactor.run(due.get(i));
            }
            due.clear();
        }
    }
}
