package io.uring.reactor;

import java.util.List;

/** Loops without threads, for simulations: the calling thread turns their reactors. */
public final class TurnedLoop {
    private TurnedLoop() {}

    public static EventLoopGroup of(List<Reactor> reactors) {
        return new EventLoopGroup(reactors.stream().map(EventLoop::new).toList());
    }
}
