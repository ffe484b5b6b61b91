package io.uring.reactor;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A binary heap of timers by deadline; each knows its place, so that cancelling is cheap. */
final class TimerQueue {
    private @Nullable Timer[] heap = new Timer[64];
    private int size;

    /** Nanoseconds until the earliest deadline, 0 when it has passed; there is one. */
    long untilFirst(long now) {
        return Math.max(at(0).deadline - now, 0);
    }

    boolean isEmpty() {
        return size == 0;
    }

    void schedule(Timer timer, long deadline) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, size * 2); // first: without memory nothing has changed
        }
        if (timer.isScheduled()) {
            remove(timer);
        }
        timer.deadline = deadline;
        siftUp(size++, timer);
    }

    void remove(Timer timer) {
        int index = timer.index;
        if (index == Timer.NOT_SCHEDULED) {
            return;
        }
        assert heap[index] == timer : "a timer of another loop";
        timer.index = Timer.NOT_SCHEDULED;
        Timer last = at(--size);
        heap[size] = null;
        if (last != timer) {
            siftDown(index, last);
            if (last.index == index) {
                siftUp(index, last);
            }
        }
    }

    /** Removes and returns the first timer that is due, or null. */
    @Nullable Timer pollDue(long now) {
        if (size == 0 || at(0).deadline - now > 0) {
            return null;
        }
        Timer first = at(0);
        remove(first);
        return first;
    }

    private void siftUp(int start, Timer timer) {
        int index = start;
        while (index > 0) {
            int parent = (index - 1) >>> 1;
            if (at(parent).deadline - timer.deadline <= 0) {
                break;
            }
            place(index, at(parent));
            index = parent;
        }
        place(index, timer);
    }

    private void siftDown(int start, Timer timer) {
        int index = start;
        while (2 * index + 1 < size) {
            int child = 2 * index + 1;
            if (child + 1 < size && at(child + 1).deadline - at(child).deadline < 0) {
                child++;
            }
            if (timer.deadline - at(child).deadline <= 0) {
                break;
            }
            place(index, at(child));
            index = child;
        }
        place(index, timer);
    }

    private void place(int index, Timer timer) {
        heap[index] = timer;
        timer.index = index;
    }

    private Timer at(int index) {
        Timer timer = heap[index];
        assert timer != null : "hole in the heap at " + index;
        return timer;
    }
}
