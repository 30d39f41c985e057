/**
 * Rejections whose stack contains the frames of the caller, at no cost to calls that succeed.
 */
import { RedisError } from "../errors.js";

/**
 * Reject late, with the caller's frames in the stack.
 *
 * V8 finds the frames of awaiting functions only while it runs a continuation that leads to them. By
 * the time of the second continuation the promise given to the caller follows this function's, and
 * the caller has had the chance to await it. A command that succeeds pays nothing for this.
 */
export async function rejectWithCallerStack(error: unknown): Promise<never> {
  await undefined;
  await undefined;
  // An error of the user's own code keeps the place where it was thrown.
  if (error instanceof RedisError) Error.captureStackTrace(error, rejectWithCallerStack);
  throw error;
}
