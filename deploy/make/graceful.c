/* Let GNU make survive the interrupt that its recipe answers.
 *
 * On SIGINT make waits for its recipe and then kills itself with the same signal, whatever the recipe
 * returned. `make up` promises exit 0 after a clean stop, so for that goal alone the Makefile loads this
 * object, which answers the signal in make's stead: the recipe gets SIGINT from the terminal or the process
 * group, ends, and make reports how it ended. SIGTERM is handed on to the process group, for it may have
 * been sent to make alone. These are handlers and not SIG_IGN, so that what make starts has the default
 * action again, also where SIGINT was ignored when make was started. Without a C compiler nothing is loaded:
 * all stops just as well, and make then reports the interrupt.
 */
#include <signal.h>

int plugin_is_GPL_compatible; /* asked for by make's `load`; Apache-2.0 is compatible with make's GPL-3 */

static void leave_to_recipe(int number)
{
    (void)number;
}

static void hand_on(int number)
{
    signal(number, SIG_IGN);
    kill(0, number);
}

int graceful_gmk_setup(const void *location)
{
    (void)location;
    signal(SIGINT, leave_to_recipe);
    signal(SIGTERM, hand_on);
    return 1;
}
