"""By which words is a role known in a sheet?"""

from collections.abc import Mapping

from service.accounts.rules import Role

ROLE_WORDS: Mapping[Role, tuple[str, ...]] = {
    Role.WORKER: ("社区工作者", "网格员", "社工"),
    Role.HEAD: ("社区负责人", "社区书记", "社区主任"),
    Role.TRIAGE: ("分派值班席", "值班席", "分派席"),
    Role.SUPERVISOR: ("街道督办员", "街道督办"),
    Role.DISTRICT: ("区级督办席", "区级"),
    Role.ADMIN: ("管理员",),
}
"""Chinese words for each role, the usual one first; in any language its code is known too."""
ROLE_BY_WORD: Mapping[str, Role] = {
    **{role.value: role for role in Role},
    **{word: role for role, words in ROLE_WORDS.items() for word in words},
}
