/** Checks of who may start and stop a request (specification 4). */
import { duplicate, invalid, missing } from '../problem.ts';
import { repeated, whenAny } from './check.ts';
import type { SequenceCheck } from './check.ts';

/** "ACL admin xor ops": error, Invalid `acl.admin`. */
export const aclAdminOrOps: SequenceCheck = ({ acl }) =>
  acl.flatMap(({ admin, ops, line }) =>
    admin && ops.length > 0
      ? invalid({
          field: 'acl.admin',
          values: ['true'],
          expected: 'no ops beside it: an admin may do everything',
          line,
        })
      : [],
  );

/** "ACL role": error, Missing `acl.role`. */
export const aclHasRole: SequenceCheck = ({ acl }) =>
  acl.flatMap(({ role, line }) => (role === undefined ? missing({ field: 'acl.role', line }) : []));

/** "No duplicate ACL roles": error, Duplicate `acl.role`. */
export const noDuplicateAclRoles: SequenceCheck = ({ acl }) =>
  whenAny(repeated(acl.flatMap(({ role }) => role ?? [])), (values) =>
    duplicate({
      field: 'acl.role',
      values,
      why: 'name each role once, with all that it may do',
      line: acl.findLast(({ role }) => role === values[0])?.line,
    }),
  );
