/**
 * Rejections whose stack contains the frames of the caller, at no cost to calls that succeed.
 */
import { RedisError } from "../errors.js";

/**
 * Return a promise that rejects with an error whose stack contains the caller's frames.
 *
 * V8 finds the frames of awaiting functions only while it runs a continuation that leads to them. By
 * the second continuation the promise returned to the caller follows the promise of this function, and
 * the caller has had the chance to await it.
 */
export async function rejectWithCallerStack(error: unknown): Promise<never> {
  await undefined;
  await undefined;
  // An error thrown by user code keeps its own stack; one that it has frozen cannot get another.
  if (error instanceof RedisError && Object.isExtensible(error))
    Error.captureStackTrace(error, rejectWithCallerStack);
  throw error;
}
